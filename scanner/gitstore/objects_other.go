//go:build !unix

package gitstore

// openNonBlock is not needed where FIFOs are not files.
const openNonBlock = 0
