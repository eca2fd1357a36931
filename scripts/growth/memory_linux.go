package main

import (
	"os"
	"syscall"
)

// residentSet returns the largest resident set that a process had, in MB.
func residentSet(p *os.ProcessState) (float64, error) {
	return float64(p.SysUsage().(*syscall.Rusage).Maxrss) / 1024, nil // KiB (getrusage(2))
}
