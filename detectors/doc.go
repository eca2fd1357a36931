// Package detectors finds secrets in bytes. It knows rules and content; it knows no Git, no paths and no network.
//
// An Engine is a compiled set of rules and is safe for concurrent use. Each goroutine scans with its own Scanner:
//
//	prefilter -> keyword hit -> format matcher or regex -> checksum -> entropy and words -> pairs -> overlap
//
// The same steps run again over what the decoders make of encoded runs (base64, hex, percent, escapes,
// HTML character references, quoted-printable, UTF-16, UTF-32).
package detectors
