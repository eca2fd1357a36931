package gitstore

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"hash/adler32"
	"math/rand/v2"
	"testing"
)

// deflated returns a zlib stream of data.
func deflated(t testing.TB, level int, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// variedText returns n bytes with literals of all frequencies and repetitions of all lengths and distances.
func variedText(rnd *rand.Rand, n int) []byte {
	alphabet := 1 + rnd.IntN(256)
	out := make([]byte, 0, n)
	for len(out) < n {
		switch k := rnd.IntN(4); {
		case k == 0 && len(out) > 0:
			from := len(out) - 1 - rnd.IntN(min(len(out), 1<<rnd.IntN(16)))
			for range 1 << rnd.IntN(10) {
				out = append(out, out[from])
				from++
			}
		case k == 1:
			out = append(out, byte(rnd.ExpFloat64()*float64(alphabet)/8))
		default:
			for range 1 + rnd.IntN(40) {
				out = append(out, byte(rnd.IntN(alphabet)))
			}
		}
	}
	return out[:n]
}

func TestFlatDecoderMakesWhatWasDeflated(t *testing.T) {
	d := &flatDecoder{}
	rnd := rand.New(rand.NewPCG(1, 7))
	for i := range 3000 {
		data := variedText(rnd, rnd.IntN(1<<rnd.IntN(18)+1))
		level := []int{zlib.HuffmanOnly, zlib.NoCompression, 1, 6, 9}[i%5]
		stream := deflated(t, level, data)
		behind := append(bytes.Clone(stream), variedText(rnd, rnd.IntN(20))...)
		got := make([]byte, len(data))
		if !d.zlib(got, behind) || !bytes.Equal(got, data) {
			t.Fatalf("case %d: %d bytes at level %d are not inflated", i, len(data), level)
		}
		if d.zlib(make([]byte, len(data)+1), behind) {
			t.Fatalf("case %d: a stream of %d bytes makes one more", i, len(data))
		}
		if len(data) > 0 && d.zlib(make([]byte, len(data)-1), behind) {
			t.Fatalf("case %d: a stream of %d bytes makes one less", i, len(data))
		}
		if cut := rnd.IntN(len(stream)); d.zlib(got, stream[:cut]) {
			t.Fatalf("case %d: inflated from %d of %d bytes", i, cut, len(stream))
		}
	}
}

// FuzzFlatDecoder compares with the standard library: what is inflated is what that makes of the stream.
func FuzzFlatDecoder(f *testing.F) {
	rnd := rand.New(rand.NewPCG(2, 7))
	for i := range 60 {
		stream := deflated(f, i%10, variedText(rnd, rnd.IntN(3000)))
		f.Add(stream[2 : len(stream)-4])
	}
	f.Fuzz(func(t *testing.T, deflate []byte) {
		stream := append([]byte{0x78, 0x9c}, deflate...)
		want := standardInflate(stream)
		sum := adler32.Checksum(want)
		stream = append(stream, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
		want = standardInflate(stream)
		d := &flatDecoder{}
		got := make([]byte, len(want))
		if d.zlib(got, stream) {
			if !bytes.Equal(got, want) {
				t.Fatalf("inflated %d other bytes than the standard library", len(want))
			}
		} else if r, err := zlib.NewReader(bytes.NewReader(stream)); err == nil {
			var all bytes.Buffer
			if _, err := all.ReadFrom(r); err == nil {
				t.Fatalf("a stream of %d bytes is refused", len(want))
			}
		}
	})
}

// standardInflate returns what the standard library makes of a stream until it ends or fails.
func standardInflate(stream []byte) []byte {
	r, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	_, _ = out.ReadFrom(&limited{r, 1 << 20}) // what came until then is what is asked for
	return out.Bytes()
}

type limited struct {
	r interface{ Read([]byte) (int, error) }
	n int
}

func (l *limited) Read(b []byte) (int, error) {
	n, err := l.r.Read(b[:min(len(b), max(l.n, 1))])
	if l.n -= n; l.n <= 0 && err == nil {
		err = bytes.ErrTooLarge
	}
	return n, err
}

// Damage is never inflated: neither a changed bit nor a changed checksum.
func TestFlatDecoderRefusesDamage(t *testing.T) {
	d := &flatDecoder{}
	rnd := rand.New(rand.NewPCG(3, 7))
	for i := range 2000 {
		data := variedText(rnd, 1+rnd.IntN(2000))
		stream := deflated(t, i%10, data)
		bit := 16 + rnd.IntN(8*len(stream)-16) // the level in the header may be any
		stream[bit/8] ^= 1 << (bit % 8)
		got := make([]byte, len(data))
		if d.zlib(got, stream) && !bytes.Equal(got, data) {
			t.Fatalf("case %d: bit %d of %d is another, and other data is made of it", i, bit, 8*len(stream))
		}
	}
}

func BenchmarkInflate(b *testing.B) {
	rnd := rand.New(rand.NewPCG(4, 7))
	for _, size := range []int{300, 3000, 100000} {
		data := variedText(rnd, size)
		for i := range data {
			data[i] = "etaoin shrdlu,.(){}\n0123456789abcdefXYZW"[data[i]%40]
		}
		stream := deflated(b, 6, data)
		b.Run(fmt.Sprintf("flat/%d", size), func(b *testing.B) {
			d, got := &flatDecoder{}, make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				if !d.zlib(got, stream) {
					b.Fatal("not inflated")
				}
			}
		})
		b.Run(fmt.Sprintf("stream/%d", size), func(b *testing.B) {
			z := &inflater{pool: &bufferPool{limit: 1 << 20}}
			b.SetBytes(int64(size))
			for b.Loop() {
				if err := z.fromBytes(stream); err != nil {
					b.Fatal(err)
				}
				got, err := z.rest(nil, int64(size), int64(len(stream)))
				if err != nil {
					b.Fatal(err)
				}
				z.pool.put(got)
			}
		})
	}
}
