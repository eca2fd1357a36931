package gitstore

// maxRuns bounds how many runs are told of one object. A delta cut into more pieces is not worth following.
const maxRuns = 1 << 20

// addRun appends a run, or makes the last one longer if this one continues it.
func addRun(runs []Run, target, base, n int) []Run {
	if k := len(runs); k > 0 {
		last := &runs[k-1]
		if last.TargetStart+last.Len == target && last.BaseStart+last.Len == base {
			last.Len += n
			return runs
		}
	}
	return append(runs, Run{target, base, n})
}

// deltaRuns appends the runs of a delta whose instructions are known to be right. It returns false if there are too many.
func deltaRuns(runs []Run, ops []byte) ([]Run, bool) {
	target := 0
	for i := 0; i < len(ops); {
		op := ops[i]
		i++
		if op&0x80 == 0 {
			target += int(op)
			i += int(op)
			continue
		}
		offset, size, n := copyOperation(op, ops[i:])
		i += n
		runs = addRun(runs, target, int(offset), int(size))
		if len(runs) > maxRuns {
			return runs[:0], false
		}
		target += int(size)
	}
	return runs, true
}
