package main

import (
	"github.com/spf13/pflag"

	"mudlark/scanner"
	"mudlark/scanner/archive"
)

// archiveFlags are the limits of what is read of an archive.
type archiveFlags struct {
	archiveDepth, archiveEntries, archiveRatio int
	archiveSize, archiveFile                   int64
}

func (f *archiveFlags) add(s *pflag.FlagSet) {
	d := archive.Defaults()
	f.archiveDepth, f.archiveEntries, f.archiveRatio, f.archiveSize, f.archiveFile = d.Depth, d.Entries, int(d.Ratio), d.Bytes, d.EntryBytes
	s.Var(number{&f.archiveDepth, 0, 32}, "max-archive-depth", "read archives up to N within each other; 0 for none")
	s.Var(number{&f.archiveEntries, 1, 1 << 30}, "max-archive-entries", "read up to N files of an archive")
	s.Var(size{&f.archiveSize}, "max-archive-size", "unpack up to so much of an archive")
	s.Var(size{&f.archiveFile}, "max-archive-file", "unpack up to so much of one file in an archive")
	s.Var(number{&f.archiveRatio, 1, 1 << 30}, "max-archive-ratio", "unpack up to N times the size of an archive")
}

func (f *archiveFlags) apply(o *scanner.Options) {
	o.NoArchives = f.archiveDepth == 0
	o.Archives = archive.Limits{
		Depth: f.archiveDepth, Entries: f.archiveEntries, Ratio: int64(f.archiveRatio), Bytes: f.archiveSize, EntryBytes: f.archiveFile,
	}
}
