//go:build !unix

package scanner

// nonBlock is not needed where FIFOs are not files.
const nonBlock = 0
