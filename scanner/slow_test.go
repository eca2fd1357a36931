//go:build !race

package scanner

// slow is by how much a busy machine may slow down tests that have a time limit.
const slow = 3
