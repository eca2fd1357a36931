package gitstore

import (
	"encoding/binary"
	"errors"
)

var (
	errDeltaSize  = errors.New("delta declares a size that is no number")
	errDeltaBase  = errors.New("delta is against a base of another size")
	errDeltaCopy  = errors.New("delta copies from outside its base")
	errDeltaOp    = errors.New("delta has an unknown instruction")
	errDeltaShort = errors.New("delta is cut short")
	errDeltaOver  = errors.New("delta makes more than it declares")
	errDeltaUnder = errors.New("delta makes less than it declares")
)

// deltaHeader parses the sizes of base and result that a delta begins with (gitformat-pack, "Deltified representation")
// and returns the instructions behind them.
func deltaHeader(delta []byte) (base, result int64, ops []byte, err error) {
	base, delta, err = deltaSize(delta)
	if err != nil {
		return 0, 0, nil, err
	}
	result, delta, err = deltaSize(delta)
	return base, result, delta, err
}

func deltaSize(b []byte) (int64, []byte, error) {
	n, used := binary.Uvarint(b)
	switch {
	case used == 0:
		return 0, nil, errDeltaShort
	case used < 0 || n > 1<<62:
		return 0, nil, errDeltaSize
	}
	return int64(n), b[used:], nil
}

// deltaProduct returns how many bytes the instructions make. It looks at nothing but them.
func deltaProduct(ops []byte) (int64, error) {
	total := int64(0)
	for i := 0; i < len(ops); {
		op := ops[i]
		i++
		if op&0x80 == 0 {
			if op == 0 {
				return 0, errDeltaOp
			}
			i += int(op)
			total += int64(op)
			continue
		}
		if i+copyOperands(op) > len(ops) {
			return 0, errDeltaShort
		}
		_, size, n := copyOperation(op, ops[i:])
		i += n
		total += int64(size)
	}
	return total, nil
}

// copyOperands returns the number of operand bytes behind a copy instruction.
func copyOperands(op byte) int {
	n := 0
	for bits := op & 0x7f; bits != 0; bits &= bits - 1 {
		n++
	}
	return n
}

// copyOperation parses the operands of a copy instruction, which are all there. It returns their number.
func copyOperation(op byte, b []byte) (offset, size uint32, n int) {
	if op&0x01 != 0 {
		offset = uint32(b[n])
		n++
	}
	if op&0x02 != 0 {
		offset |= uint32(b[n]) << 8
		n++
	}
	if op&0x04 != 0 {
		offset |= uint32(b[n]) << 16
		n++
	}
	if op&0x08 != 0 {
		offset |= uint32(b[n]) << 24
		n++
	}
	if op&0x10 != 0 {
		size = uint32(b[n])
		n++
	}
	if op&0x20 != 0 {
		size |= uint32(b[n]) << 8
		n++
	}
	if op&0x40 != 0 {
		size |= uint32(b[n]) << 16
		n++
	}
	if size == 0 {
		size = 0x10000
	}
	return offset, size, n
}

// applyDelta carries out the instructions, which must fill dst exactly.
func applyDelta(dst, base, ops []byte) error {
	for i := 0; i < len(ops); {
		op := ops[i]
		i++
		if op&0x80 == 0 {
			n := int(op)
			switch {
			case n == 0:
				return errDeltaOp
			case n > len(ops)-i:
				return errDeltaShort
			case n > len(dst):
				return errDeltaOver
			}
			copy(dst, ops[i:i+n])
			dst, i = dst[n:], i+n
			continue
		}
		if len(ops)-i < 7 && len(ops)-i < copyOperands(op) {
			return errDeltaShort
		}
		offset, size, n := copyOperation(op, ops[i:])
		i += n
		switch {
		case uint64(offset)+uint64(size) > uint64(len(base)):
			return errDeltaCopy
		case uint64(size) > uint64(len(dst)):
			return errDeltaOver
		}
		copy(dst, base[offset:uint64(offset)+uint64(size)])
		dst = dst[size:]
	}
	if len(dst) != 0 {
		return errDeltaUnder
	}
	return nil
}
