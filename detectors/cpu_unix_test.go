//go:build unix

package detectors

import (
	"syscall"
	"testing"
	"time"
)

// cpuTime returns the time that the process has run on processors: on a busy machine it says more than the time that has passed.
func cpuTime(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
