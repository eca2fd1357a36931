package gitstore

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// makeCommitGraph encodes a commit-graph of some commits, each of which has the next ones as parents, the first also all others.
func makeCommitGraph(n int) []byte {
	var names, data, edges []byte
	fanout := make([]byte, fanoutSize)
	for i := range n {
		name := make([]byte, 20)
		name[0], name[19] = byte(i*40), byte(i)
		names = append(names, name...)
		for b := int(name[0]); b < 256; b++ {
			binary.BigEndian.PutUint32(fanout[4*b:], uint32(i+1))
		}
		parents := [2]uint32{graphNoParent, graphNoParent}
		if i+1 < n {
			parents[0] = uint32(i + 1)
		}
		if i == 0 && n > 3 {
			parents[1] = graphEdge
		}
		data = append(data, make([]byte, 20)...)
		data = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(data, parents[0]), parents[1])
		data = append(data, make([]byte, 8)...)
	}
	for i := 2; i < n; i++ {
		edge := uint32(i)
		if i == n-1 {
			edge |= graphEdge
		}
		edges = binary.BigEndian.AppendUint32(edges, edge)
	}
	chunks := []struct {
		name string
		data []byte
	}{{"OIDF", fanout}, {"OIDL", names}, {"CDAT", data}, {"EDGE", edges}, {"\x00\x00\x00\x00", nil}}
	out := append([]byte("CGPH"), 1, 1, byte(len(chunks)-1), 0)
	at := len(out) + len(chunks)*chunkRow
	for _, c := range chunks {
		out = binary.BigEndian.AppendUint64(append(out, c.name...), uint64(at))
		at += len(c.data)
	}
	for _, c := range chunks {
		out = append(out, c.data...)
	}
	return appendSum(out)
}

func TestMadeCommitGraph(t *testing.T) {
	var g CommitGraph
	if err := g.push(fileBytes{makeCommitGraph(5)}, SHA1); err != nil {
		t.Fatal(err)
	}
	for pos, want := range [][]int{{1, 2, 3, 4}, {2}, {3}, {4}, nil} {
		got, err := g.AppendParents(nil, pos)
		if err != nil || len(got) != len(want) {
			t.Fatalf("parents of %d: %v, %v; want %v", pos, got, err, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("parents of %d: %v; want %v", pos, got, want)
			}
		}
	}
	damaged := makeCommitGraph(5)
	damaged[len(damaged)/2] ^= 1
	if err := (&CommitGraph{}).push(fileBytes{damaged}, SHA1); err == nil {
		t.Error("a damaged graph is taken")
	}
}

// FuzzCommitGraph reads a commit-graph of any content, with a right checksum.
func FuzzCommitGraph(f *testing.F) {
	f.Add(makeCommitGraph(5))
	f.Add(makeCommitGraph(1))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 20 {
			data = appendSum(bytes.Clone(data[:len(data)-20]))
		}
		var g CommitGraph
		if g.push(fileBytes{data}, SHA1) != nil {
			return
		}
		for pos := range min(g.Len(), 1000) {
			l := g.layer(pos)
			if _, _, err := g.Position(mustID(l.names[pos*20 : pos*20+20])); err != nil {
				t.Error(err)
			}
			list, err := g.AppendParents(nil, pos)
			for _, p := range list {
				if err == nil && (p < 0 || p >= g.Len()) {
					t.Errorf("parent %d of %d", p, g.Len())
				}
			}
		}
	})
}
