//go:build race

package scanner

// slow is by how much the race detector slows tests down that have a time limit.
const slow = 30
