// Package archive reads the files inside archives that are held in memory. It knows no secrets and no Git, starts nothing,
// and writes nothing to disk.
//
// Formats are told by content, never by name:
//
//	zip     and all that is one underneath (jar, apk, docx, xlsx, whl, nupkg), also with data before it, zip64, streamed
//	        entries; methods store, deflate, bzip2, lzma, zstd, xz
//	tar     v7, ustar, pax, GNU; sparse files are read with their holes as zeros
//	7z      methods copy, lzma, lzma2, deflate, bzip2, with the delta and x86 filters
//	ar      GNU and BSD names; a deb package is one
//	gzip, bzip2, xz, zstd, lzma
//	        one file, also as several members after each other; a compressed tar counts as one archive
//
// An archive is foreign input that may have been made to do harm. No size that it declares is believed: every limit is
// enforced on the bytes that come out. What a limit, damage or a password keeps from being read is told as a problem,
// and what can be read beside it is read. Time is linear in the bytes that go in and come out; memory is bounded by
// Limits.
package archive
