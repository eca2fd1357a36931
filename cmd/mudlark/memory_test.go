package main

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestFirstCollectionBoundsMemory(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	defer func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}()
	delayCollection()
	boundMemory(math.MaxInt64 - fixedMemory)
	if got := debug.SetGCPercent(startPercent); got != startPercent {
		t.Errorf("before the first collection the growth is %d %%", got)
	}
	for begin := time.Now(); debug.SetGCPercent(startPercent) != scanPercent; runtime.Gosched() {
		runtime.GC()
		if time.Since(begin) > 10*time.Second {
			t.Fatal("collections change nothing")
		}
	}
}
