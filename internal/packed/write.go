package packed

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
)

// Append appends v. An error says which type cannot be written.
func (f *Format) Append(dst []byte, v any) ([]byte, error) {
	w := &writer{format: f, out: dst}
	w.value(reflect.ValueOf(v))
	return w.out, w.err
}

type writer struct {
	format *Format
	out    []byte
	err    error
}

func (w *writer) fail(t reflect.Type) {
	if w.err == nil {
		w.err = fmt.Errorf("packed: cannot write a %s", t)
	}
}

func (w *writer) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *writer) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		w.number(map[bool]uint64{true: 1}[v.Bool()])
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		w.out = binary.AppendVarint(w.out, v.Int())
	case reflect.Uint64:
		w.out = binary.LittleEndian.AppendUint64(w.out, v.Uint())
	case reflect.Float64:
		w.out = binary.LittleEndian.AppendUint64(w.out, math.Float64bits(v.Float()))
	case reflect.String:
		w.number(uint64(v.Len()))
		w.out = append(w.out, v.String()...)
	case reflect.Array:
		w.elements(v)
	case reflect.Slice:
		w.number(uint64(v.Len()))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			w.out = append(w.out, v.Bytes()...)
			return
		}
		w.elements(v)
	case reflect.Map:
		w.mapping(v)
	case reflect.Struct:
		w.fields(v)
	case reflect.Pointer:
		if v.IsNil() {
			w.fail(v.Type()) // there is nothing to say it with outside of a field
			return
		}
		w.value(v.Elem())
	case reflect.Interface:
		w.behind(v)
	default:
		w.fail(v.Type())
	}
}

func (w *writer) elements(v reflect.Value) {
	for i := range v.Len() {
		w.value(v.Index(i))
	}
}

// mapping writes a map in the order of its keys, which are strings.
func (w *writer) mapping(v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		w.fail(v.Type())
		return
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	w.number(uint64(len(keys)))
	for _, k := range keys {
		w.value(k)
		w.value(v.MapIndex(k))
	}
}

// maxFields is the number of bits of a struct's mask.
const maxFields = 64

func (w *writer) fields(v reflect.Value) {
	t := v.Type()
	if t.NumField() > maxFields {
		w.fail(t)
		return
	}
	mask := uint64(0)
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			w.fail(t)
			return
		}
		if !v.Field(i).IsZero() {
			mask |= 1 << i
		}
	}
	w.number(mask)
	for i := range t.NumField() {
		if mask>>i&1 != 0 {
			w.value(v.Field(i))
		}
	}
}

// behind writes the value behind an interface.
func (w *writer) behind(v reflect.Value) {
	i := -1
	if !v.IsNil() {
		i = slices.Index(w.format.kinds, v.Elem().Type())
	}
	if i < 0 {
		w.fail(v.Type())
		return
	}
	w.number(uint64(i))
	w.value(v.Elem())
}
