package gitstore

import "encoding/binary"

// chunkRow is the size of a row in a table of chunks (gitformat-chunk): a name of 4 bytes and an offset of 8.
const chunkRow = 12

// chunkTable cuts a file, without its trailing checksum, into the chunks that the table behind its header names. It is false if the table
// does not fit the file. Of chunks of one name the last counts.
func chunkTable(data []byte, header, count int) (map[string][]byte, bool) {
	if len(data) < header+(count+1)*chunkRow {
		return nil, false
	}
	row := func(i int) (name string, off uint64) {
		r := data[header+i*chunkRow:]
		return string(r[:4]), binary.BigEndian.Uint64(r[4:])
	}
	chunks := make(map[string][]byte, count)
	for i := range count {
		name, from := row(i)
		_, to := row(i + 1)
		if from > to || to > uint64(len(data)) {
			return nil, false
		}
		chunks[name] = data[from:to:to]
	}
	return chunks, true
}
