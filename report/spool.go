package report

import "io"

// spool holds bytes until they can be written, in pieces, so that it never has to copy what it holds in order to grow.
type spool struct{ pieces [][]byte }

const spoolPiece = 64 << 10

func (s *spool) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		last := len(s.pieces) - 1
		if last < 0 || len(s.pieces[last]) == spoolPiece {
			s.pieces = append(s.pieces, make([]byte, 0, spoolPiece))
			continue
		}
		k := min(len(p), spoolPiece-len(s.pieces[last]))
		s.pieces[last] = append(s.pieces[last], p[:k]...)
		p = p[k:]
	}
	return n, nil
}

// WriteTo writes what the spool holds and empties it.
func (s *spool) WriteTo(w io.Writer) (int64, error) {
	var n int64
	for i, p := range s.pieces {
		k, err := w.Write(p)
		n += int64(k)
		if err != nil {
			return n, err
		}
		s.pieces[i] = nil
	}
	s.pieces = nil
	return n, nil
}
