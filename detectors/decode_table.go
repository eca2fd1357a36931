package detectors

// Classes of bytes that the decoders and extractors scan for.
const (
	classStd    = 1 << iota // standard base64, without "="
	classBase64             // either base64 alphabet, without "="
	classHex                // hex digit
	classURL                // may stand in a URL (RFC 3986)
	classText               // printable ASCII
	classSpace              // white space of text
	classGap                // may stand between two lines of wrapped base64, apart from line feeds and short words
)

// classOf gives the classes of each byte; it is not changed.
var classOf = byteClasses()

func byteClasses() (t [256]byte) {
	mark := func(set string, class byte) {
		for _, c := range []byte(set) {
			t[c] |= class
		}
	}
	mark(digits62, classStd|classBase64|classURL)
	mark("+/", classStd|classBase64|classURL)
	mark("-_", classBase64|classURL)
	mark("0123456789abcdefABCDEF", classHex)
	mark(".~:?#[]@!$&()*,;=%", classURL)
	mark("\t\n\v\f\r", classSpace)
	mark(" \t\r\"'`+\\#>*|,.;%&:!", classGap)
	for c := byte(' '); c < 0x7f; c++ {
		t[c] |= classText
	}
	return t
}
