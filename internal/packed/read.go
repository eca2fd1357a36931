package packed

import (
	"errors"
	"math"
	"math/bits"
	"reflect"
)

// ErrDamaged is returned for data that are not what Append wrote for a value of the type.
var ErrDamaged = errors.New("packed: the data are damaged or of another kind")

const (
	// maxDepth limits how deeply values lie within each other.
	maxDepth = 200
	// maxGrowth limits the memory of what is read, as a multiple of the data's size.
	maxGrowth = 64
)

// Read reads into the value that v points to, which must be zero. It returns ErrDamaged, and leaves v in some state, if the data
// cannot be those of such a value.
func (f *Format) Read(data string, v any) error {
	target := reflect.ValueOf(v).Elem()
	p := planner{format: f, plans: map[reflect.Type]*plan{}}
	read := p.planFor(target.Type())
	r := &reader{data: data, budget: maxGrowth * (len(data) + 1024)}
	read.read(r, target)
	if r.failed || r.at != len(data) {
		return ErrDamaged
	}
	return nil
}

// A reader holds the place in the data. After a failure it reads zeros.
type reader struct {
	data   string
	at     int
	budget int      // bytes that may still be allocated
	texts  []string // to be given out: fewer and larger allocations are cheaper
	bytes  []byte
	depth  int
	failed bool
}

func (r *reader) fail() {
	r.failed = true
	r.at = len(r.data)
}

func (r *reader) number() uint64 {
	if r.at < len(r.data) && r.data[r.at] < 0x80 {
		r.at++
		return uint64(r.data[r.at-1])
	}
	n := uint64(0)
	for shift := uint(0); shift < 64 && r.at < len(r.data); shift += 7 {
		c := r.data[r.at]
		r.at++
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	r.fail()
	return 0
}

// slabSize is the number of values that are allocated at a time.
const slabSize = 512

func (r *reader) strings(n int) []string {
	if n == 0 || n > slabSize/4 {
		return make([]string, n)
	}
	if n > len(r.texts) {
		r.texts = make([]string, slabSize)
	}
	list := r.texts[:n:n]
	r.texts = r.texts[n:]
	return list
}

// raw reads bytes.
func (r *reader) raw() []byte {
	s := r.text()
	n := len(s)
	if n == 0 || n > slabSize {
		return []byte(s)
	}
	if n > len(r.bytes) {
		r.bytes = make([]byte, 8*slabSize)
	}
	list := r.bytes[:n:n]
	r.bytes = r.bytes[n:]
	copy(list, s)
	return list
}

// signed undoes binary.AppendVarint.
func (r *reader) signed() int64 {
	n := r.number()
	return int64(n>>1) ^ -int64(n&1)
}

// length reads the number of elements of a list, each of which takes so many bytes of memory and at least one of the data.
func (r *reader) length(size int) int {
	n := r.number()
	if n > uint64(len(r.data)-r.at) {
		r.fail()
		return 0
	}
	if r.budget -= int(n) * size; r.budget < 0 {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.length(0)
	r.at += n
	return r.data[r.at-n : r.at]
}

func (r *reader) word() uint64 {
	if len(r.data)-r.at < 8 {
		r.fail()
		return 0
	}
	n := uint64(0)
	for i := range 8 {
		n |= uint64(r.data[r.at+i]) << (8 * i)
	}
	r.at += 8
	return n
}

// A plan says how values of a type are read.
type plan struct {
	read func(r *reader, v reflect.Value)
}

// planner makes the plans of types, each once: types may hold themselves.
type planner struct {
	format *Format
	plans  map[reflect.Type]*plan
}

func (p *planner) planFor(t reflect.Type) *plan {
	if known, ok := p.plans[t]; ok {
		return known
	}
	out := &plan{}
	p.plans[t] = out
	switch t.Kind() {
	case reflect.Bool:
		out.read = func(r *reader, v reflect.Value) { v.SetBool(r.number() != 0) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		out.read = func(r *reader, v reflect.Value) { v.SetInt(r.signed()) }
	case reflect.Uint64:
		out.read = func(r *reader, v reflect.Value) { v.SetUint(r.word()) }
	case reflect.Float64:
		out.read = func(r *reader, v reflect.Value) { v.SetFloat(math.Float64frombits(r.word())) }
	case reflect.String:
		out.read = func(r *reader, v reflect.Value) { v.SetString(r.text()) }
	case reflect.Array:
		out.read = readElements(p.planFor(t.Elem()))
	case reflect.Slice:
		out.read = p.slice(t)
	case reflect.Map:
		out.read = p.mapping(t)
	case reflect.Struct:
		out.read = p.fields(t)
	case reflect.Pointer:
		out.read = p.pointer(t)
	case reflect.Interface:
		out.read = p.behind(t)
	default:
		out.read = func(r *reader, _ reflect.Value) { r.fail() }
	}
	return out
}

func readElements(element *plan) func(*reader, reflect.Value) {
	return func(r *reader, v reflect.Value) {
		for i, n := 0, v.Len(); i < n && !r.failed; i++ {
			element.read(r, v.Index(i))
		}
	}
}

func (p *planner) slice(t reflect.Type) func(*reader, reflect.Value) {
	if t.Elem().Kind() == reflect.Uint8 {
		return func(r *reader, v reflect.Value) { v.SetBytes(r.raw()) }
	}
	switch t {
	case reflect.TypeFor[[]string]():
		return func(r *reader, v reflect.Value) {
			list := r.strings(r.length(16))
			for i := range list {
				list[i] = r.text()
			}
			*v.Addr().Interface().(*[]string) = list
		}
	case reflect.TypeFor[[]int32]():
		return func(r *reader, v reflect.Value) {
			list := make([]int32, r.length(4))
			for i := range list {
				list[i] = int32(r.signed())
			}
			*v.Addr().Interface().(*[]int32) = list
		}
	}
	element, size := p.planFor(t.Elem()), int(t.Elem().Size())
	elements := readElements(element)
	return func(r *reader, v reflect.Value) {
		n := r.length(size)
		if n == 0 {
			v.Set(reflect.MakeSlice(t, 0, 0))
			return
		}
		v.Grow(n)
		v.SetLen(n)
		elements(r, v)
	}
}

func (p *planner) mapping(t reflect.Type) func(*reader, reflect.Value) {
	key, element := p.planFor(t.Key()), p.planFor(t.Elem())
	size := int(t.Key().Size() + t.Elem().Size())
	return func(r *reader, v reflect.Value) {
		n := r.length(2 * size)
		m := reflect.MakeMapWithSize(t, n)
		for range n {
			k, e := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
			key.read(r, k)
			element.read(r, e)
			if r.failed {
				return
			}
			m.SetMapIndex(k, e)
		}
		v.Set(m)
	}
}

func (p *planner) fields(t reflect.Type) func(*reader, reflect.Value) {
	n := t.NumField()
	if n > maxFields {
		return func(r *reader, _ reflect.Value) { r.fail() }
	}
	plans := make([]*plan, n)
	for i := range plans {
		if !t.Field(i).IsExported() {
			return func(r *reader, _ reflect.Value) { r.fail() }
		}
		plans[i] = p.planFor(t.Field(i).Type)
	}
	return func(r *reader, v reflect.Value) {
		mask := r.number()
		if n < maxFields && mask>>n != 0 {
			r.fail()
		}
		for ; mask != 0 && !r.failed; mask &= mask - 1 {
			i := bits.TrailingZeros64(mask)
			plans[i].read(r, v.Field(i))
		}
	}
}

func (p *planner) pointer(t reflect.Type) func(*reader, reflect.Value) {
	element, size := p.planFor(t.Elem()), int(t.Elem().Size())
	return func(r *reader, v reflect.Value) {
		r.depth++
		r.budget -= size
		if r.depth > maxDepth || r.budget < 0 {
			r.fail()
			return
		}
		n := reflect.New(t.Elem())
		element.read(r, n.Elem())
		v.Set(n)
		r.depth--
	}
}

func (p *planner) behind(t reflect.Type) func(*reader, reflect.Value) {
	plans := make([]*plan, len(p.format.kinds))
	for i, k := range p.format.kindsOf(t) {
		plans[i] = p.planFor(k.Elem())
	}
	slabs := make([]slab, len(p.format.kinds))
	return func(r *reader, v reflect.Value) {
		kind := r.number()
		r.depth++
		if kind >= uint64(len(plans)) || plans[kind] == nil || r.depth > maxDepth {
			r.fail()
			return
		}
		element := p.format.kinds[kind].Elem()
		if r.budget -= int(element.Size()); r.budget < 0 {
			r.fail()
			return
		}
		n := slabs[kind].next(element)
		plans[kind].read(r, n)
		v.Set(n.Addr())
		r.depth--
	}
}

// A slab is a list of zero values of one type to be given out.
type slab struct {
	list reflect.Value
	used int
}

func (s *slab) next(t reflect.Type) reflect.Value {
	if !s.list.IsValid() || s.used == s.list.Len() {
		s.list, s.used = reflect.MakeSlice(reflect.SliceOf(t), slabSize/8, slabSize/8), 0
	}
	s.used++
	return s.list.Index(s.used - 1)
}
