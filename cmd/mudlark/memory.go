package main

import (
	"runtime"
	"runtime/debug"
)

const (
	// fixedMemory is what a scan needs beside its budget: the program itself, the rules, the graph of a large history.
	fixedMemory = 64 << 20
	// startPercent delays the first garbage collection until 12 MiB are in use (4 MiB times this, see runtime/debug.SetGCPercent).
	// What a hook needs is less, and to look through the rules, of which nothing is garbage, would take a third of its time.
	startPercent = 300
	// scanPercent is the growth of the heap after which a scan collects. Small heaps may grow by more than they are, as what is kept of a history is little;
	// large ones are held by the limit.
	scanPercent = 150
)

// delayCollection is for the start of the program.
func delayCollection() { debug.SetGCPercent(startPercent) }

// boundMemory makes the garbage collector work for the budget from the first collection on: it collects when the heap has grown by
// scanPercent, and more often near the limit.
func boundMemory(budget int64) {
	debug.SetMemoryLimit(fixedMemory + budget)
	type mark struct{ _ [64]byte }
	runtime.AddCleanup(new(mark), func(percent int) { debug.SetGCPercent(percent) }, scanPercent)
}
