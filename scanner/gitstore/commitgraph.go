package gitstore

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// A CommitGraph is what a commit-graph file, or a chain of them, says of the parents of commits (gitformat-commit-graph). It holds, with a
// commit, all that the commit reaches. It is derived data, and nothing checks it against the commits: whoever asks it must be sure to do no
// harm if it is wrong. It is safe for concurrent use until it is closed.
type CommitGraph struct {
	layers []graphLayer // the base first
	count  int
}

// graphLayer is one file.
type graphLayer struct {
	file   fileBytes
	first  int // position of its first commit in the whole graph
	count  int
	hash   int
	fanout []byte
	names  []byte
	data   []byte // by commit: tree, two parents, generation and time
	edges  []byte // further parents of merges of more than two
}

var (
	errGraphFormat  = errors.New("commit-graph is damaged or of another format")
	errGraphParents = errors.New("commit-graph has a parent outside the graph")
	errGraphChain   = errors.New("commit-graph chain is damaged or changes while it is read")
)

const (
	graphHeader   = 8
	graphNoParent = 0x7000_0000
	graphEdge     = 1 << 31 // marks an index of edges in place of a second parent, and the last edge of a commit
	graphData     = 16      // bytes of an entry of the data behind the name of the tree
	maxLayers     = 64
)

// OpenCommitGraph opens the repository's commit-graph. The error wraps os.ErrNotExist if there is none. The caller closes it.
func (r *Repo) OpenCommitGraph() (*CommitGraph, error) {
	dir := filepath.Join(r.CommonDir, "objects", "info")
	g := &CommitGraph{}
	err := g.add(filepath.Join(dir, "commit-graph"), r.Format)
	if errors.Is(err, os.ErrNotExist) {
		err = g.addChain(filepath.Join(dir, "commit-graphs"), r.Format)
	}
	if err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// addChain adds the files that the chain in dir names, the base first.
func (g *CommitGraph) addChain(dir string, f Format) error {
	file, size, err := openObjectFile(filepath.Join(dir, "commit-graph-chain"))
	if err != nil {
		return err
	}
	defer file.Close()
	if size > maxLayers*(2*MaxIDSize+1) {
		return errGraphChain
	}
	text := make([]byte, size)
	if _, err := file.ReadAt(text, 0); err != nil && size > 0 {
		return errGraphChain
	}
	for _, name := range strings.Fields(string(text)) {
		if raw, err := hex.DecodeString(name); err != nil || len(raw) != f.Size() {
			return errGraphChain
		}
		if err := g.add(filepath.Join(dir, "graph-"+name+".graph"), f); err != nil {
			if errors.Is(err, os.ErrNotExist) {
				return errGraphChain
			}
			return err
		}
	}
	if len(g.layers) == 0 {
		return errGraphChain
	}
	return nil
}

// add puts the file at path on top of the graph.
func (g *CommitGraph) add(path string, f Format) error {
	file, size, err := openObjectFile(path)
	if err != nil {
		return err
	}
	mapped, err := mapFile(file, size)
	if err := errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, mapped.close())
	}
	return g.push(mapped, f)
}

// push is add for a file's bytes, which it closes on an error.
func (g *CommitGraph) push(file fileBytes, f Format) error {
	l := graphLayer{file: file, first: g.count, hash: f.Size()}
	if err := l.parse(file.data, len(g.layers), f); err != nil {
		return errors.Join(err, file.close())
	}
	g.layers = append(g.layers, l)
	g.count += l.count
	return nil
}

// parse checks the form of the file, which lies on so many others, and its checksum.
func (l *graphLayer) parse(data []byte, below int, f Format) (err error) {
	defer endFaults(guardFaults(), &err)
	wantHash := byte(1)
	if f == SHA256 {
		wantHash = 2
	}
	if len(data) < graphHeader+l.hash || string(data[:4]) != "CGPH" || data[4] != 1 || data[5] != wantHash || int(data[7]) != below {
		return errGraphFormat
	}
	body, sum := data[:len(data)-l.hash], data[len(data)-l.hash:]
	h := f.newHash()
	h.Write(body)
	if !bytes.Equal(h.Sum(nil), sum) {
		return errGraphFormat
	}
	chunks, ok := chunkTable(body, graphHeader, int(data[6]))
	if !ok || len(chunks["OIDF"]) != fanoutSize {
		return errGraphFormat
	}
	l.fanout, l.names, l.data, l.edges = chunks["OIDF"], chunks["OIDL"], chunks["CDAT"], chunks["EDGE"]
	l.count, ok = checkFanout(l.fanout)
	if !ok || int64(len(l.names)) != int64(l.count)*int64(l.hash) || int64(len(l.data)) != int64(l.count)*int64(l.hash+graphData) || len(l.edges)%4 != 0 {
		return errGraphFormat
	}
	return nil
}

// Close releases the files.
func (g *CommitGraph) Close() error {
	var errs []error
	for i := range g.layers {
		errs = append(errs, g.layers[i].file.close())
	}
	g.layers, g.count = nil, 0
	return errors.Join(errs...)
}

// Len returns the number of commits. Their positions are 0 to Len-1.
func (g *CommitGraph) Len() int { return g.count }

// Position returns the position of the commit id; false if the graph does not hold it. The error says that the file cannot be read any more.
func (g *CommitGraph) Position(id ID) (pos int, ok bool, err error) {
	defer endFaults(guardFaults(), &err)
	name := id.AppendBytes(nil)
	for i := range g.layers {
		l := &g.layers[i]
		if len(name) != l.hash {
			return 0, false, nil
		}
		n := searchNames(l.fanout, l.names, l.hash, name)
		if n < l.count && bytes.Equal(l.names[n*l.hash:(n+1)*l.hash], name) {
			return l.first + n, true, nil
		}
	}
	return 0, false, nil
}

// AppendParents appends the positions of the parents of the commit at a position. The error says that the graph is damaged, or cannot be
// read any more.
func (g *CommitGraph) AppendParents(list []int, pos int) (out []int, err error) {
	defer endFaults(guardFaults(), &err)
	l := g.layer(pos)
	entry := l.data[(pos-l.first)*(l.hash+graphData)+l.hash:]
	first, second := binary.BigEndian.Uint32(entry), binary.BigEndian.Uint32(entry[4:])
	if first == graphNoParent {
		return list, nil
	}
	if list, err = g.appendParent(list, first); err != nil || second == graphNoParent {
		return list, err
	}
	if second&graphEdge == 0 {
		return g.appendParent(list, second)
	}
	for i := int64(second&^graphEdge) * 4; ; i += 4 {
		if i+4 > int64(len(l.edges)) {
			return nil, errGraphParents
		}
		edge := binary.BigEndian.Uint32(l.edges[i:])
		if list, err = g.appendParent(list, edge&^graphEdge); err != nil || edge&graphEdge != 0 {
			return list, err
		}
	}
}

func (g *CommitGraph) appendParent(list []int, pos uint32) ([]int, error) {
	if int64(pos) >= int64(g.count) {
		return nil, errGraphParents
	}
	return append(list, int(pos)), nil
}

// layer returns the layer that holds a position.
func (g *CommitGraph) layer(pos int) *graphLayer {
	i := len(g.layers) - 1
	for g.layers[i].first > pos {
		i--
	}
	return &g.layers[i]
}
