// Package packed writes trees of Go values as compact bytes and reads them back quickly. It knows Go's types and no meaning.
//
// Strings that are read are parts of the data and not copied. Numbers are varints (encoding/binary), but for those of 64 bits without a sign, which are sets of bits; a struct begins with a mask of
// the fields that are not zero, the only ones that follow; lists and texts begin with their length; a value behind an interface begins
// with the number of its type. Only exported fields, and no cycles, are possible.
package packed

import (
	"fmt"
	"reflect"
	"strings"
)

// A Format is what writer and reader agree about. It is safe for concurrent use.
type Format struct {
	kinds []reflect.Type
}

// NewFormat returns a format in which the values behind interfaces are pointers to structs of the types of kinds, which are such
// pointers.
func NewFormat(kinds ...any) *Format {
	f := &Format{}
	for _, k := range kinds {
		f.kinds = append(f.kinds, reflect.TypeOf(k))
	}
	return f
}

// kindsOf returns the numbers of the types that an interface can hold.
func (f *Format) kindsOf(t reflect.Type) map[int]reflect.Type {
	m := map[int]reflect.Type{}
	for i, k := range f.kinds {
		if k.Implements(t) {
			m[i] = k
		}
	}
	return m
}

// Shape describes the type of v in words, down to the last field: data of another shape cannot be read.
func (f *Format) Shape(v any) string {
	var b strings.Builder
	seen := map[reflect.Type]bool{}
	f.shape(&b, seen, reflect.TypeOf(v))
	for _, k := range f.kinds {
		f.shape(&b, seen, k)
	}
	return b.String()
}

func (f *Format) shape(b *strings.Builder, seen map[reflect.Type]bool, t reflect.Type) {
	fmt.Fprintf(b, "%s %s;", t, t.Kind())
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Array, reflect.Slice, reflect.Pointer:
		f.shape(b, seen, t.Elem())
	case reflect.Map:
		f.shape(b, seen, t.Key())
		f.shape(b, seen, t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			fmt.Fprintf(b, "%s ", t.Field(i).Name)
			f.shape(b, seen, t.Field(i).Type)
		}
	}
}
