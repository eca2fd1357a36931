package gitstore

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var (
	treeHex   = strings.Repeat("1a", 20)
	parentHex = strings.Repeat("2b", 20)
)

func TestParseCommit(t *testing.T) {
	tree := "tree " + treeHex + "\n"
	author := "author A U Thor <a@example.org> 1700000000 +0130\n"
	committer := "committer C <c@example.org> 1700000001 -0800\n"
	tests := []struct {
		name    string
		data    string
		parents int
		author  string // name|email|RFC 3339 date
		message string
		bad     bool
	}{
		{"usual", tree + "parent " + parentHex + "\n" + author + committer + "\nhello\n", 1, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "hello\n", false},
		{"merge", tree + strings.Repeat("parent "+parentHex+"\n", 3) + author + committer + "\n", 3, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "", false},
		{"no author", tree + committer + "\nm", 0, "||1970-01-01T00:00:00Z", "m", false},
		{"no message", tree + author + committer, 0, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "", false},
		{"no end of line", tree + strings.TrimSuffix(author, "\n"), 0, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "", false},
		{"tree only", strings.TrimSuffix(tree, "\n"), 0, "||1970-01-01T00:00:00Z", "", false},
		{"signature", tree + author + committer + "gpgsig -----X-----\n \n author Y <y> 1 +0000\n -----X-----\nencoding latin1\n\nm\x00n", 0, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "m\x00n", false},
		{"mergetag", tree + author + committer + "mergetag object " + treeHex + "\n type commit\n tagger T <t> 1 +0000\n \n text\n\nm", 0, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "m", false},
		{"late parent", tree + author + "parent x\n\n", 0, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "", false},
		{"two authors", tree + author + "author B <b> 5 +0000\n\n", 0, "A U Thor|a@example.org|2023-11-14T23:43:20+01:30", "", false},
		{"empty", "", 0, "", "", true},
		{"no tree", author + "\n", 0, "", "", true},
		{"bad tree", "tree 123\n\n", 0, "", "", true},
		{"long tree", "tree " + treeHex + treeHex + "\n\n", 0, "", "", true},
		{"bad parent", tree + "parent " + strings.Repeat("z", 40) + "\n\n", 0, "", "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := ParseCommit([]byte(test.data), SHA1)
			if (err != nil) != test.bad {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			if c.Tree.String() != treeHex || len(c.Parents) != test.parents || describe(c.Author) != test.author || string(c.Message) != test.message {
				t.Errorf("tree %s, %d parents, author %s, message %q", c.Tree, len(c.Parents), describe(c.Author), c.Message)
			}
			if !strings.HasPrefix(test.data, string(c.Header)) {
				t.Errorf("header %q", c.Header)
			}
		})
	}
}

func describe(s Signature) string {
	return fmt.Sprintf("%s|%s|%s", s.Name, s.Email, s.When.Format(time.RFC3339))
}

func TestParseSignature(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"A <a> 0 +0000", "A|a|1970-01-01T00:00:00Z"},
		{"", "||1970-01-01T00:00:00Z"},
		{"A", "A||1970-01-01T00:00:00Z"},
		{"A <a", "A|a|1970-01-01T00:00:00Z"},
		{"<> 1 +0000", "||1970-01-01T00:00:01Z"},
		{"A <a>", "A|a|1970-01-01T00:00:00Z"},
		{"A <a> 5", "A|a|1970-01-01T00:00:05Z"},
		{"A <a<b>> 5 +0000", "A|a<b|1970-01-01T00:00:05Z"},
		{"A <a> x +0000", "A|a|1970-01-01T00:00:00Z"},
		{"A <a> 0 +1459", "A|a|1970-01-01T14:59:00+14:59"},
		{"A <a> 0 -1459", "A|a|1969-12-31T09:01:00-14:59"},
		{"A <a> 0 +1500", "A|a|1970-01-01T00:00:00Z"},
		{"A <a> 0 +0060", "A|a|1970-01-01T00:00:00Z"},
		{"A <a> 0 +51800", "A|a|1970-01-01T00:00:00Z"},
		{"A <a> 0 zone", "A|a|1970-01-01T00:00:00Z"},
		{"A <a> -86400 +0000", "A|a|1969-12-31T00:00:00Z"},
		{"A <a> 99999999999999999999999 +0000", "A|a|9999-12-31T09:00:59Z"},
		{"A <a> -99999999999999999999999 -1200", "A|a|0001-01-01T02:59:00-12:00"},
		{"A <a> 18446744073709551615 +1400", "A|a|9999-12-31T23:00:59+14:00"},
	}
	for _, test := range tests {
		s := parseSignature([]byte(test.raw))
		if got := describe(s); got != test.want || string(s.Raw) != test.raw {
			t.Errorf("%q: %s, want %s", test.raw, got, test.want)
		}
	}
}

func TestParseTag(t *testing.T) {
	head := "object " + treeHex + "\ntype commit\n"
	tests := []struct {
		name, data, want string
		bad              bool
	}{
		{"usual", head + "tag v1\ntagger T <t> 1 +0000\n\nmessage\n", "v1 T|t|1970-01-01T00:00:01Z message\n", false},
		{"no tagger", head + "tag v1\n\nm", "v1 ||1970-01-01T00:00:00Z m", false},
		{"no name", head, " ||1970-01-01T00:00:00Z ", false},
		{"empty", "", "", true},
		{"no object", "type commit\n", "", true},
		{"bad object", "object x\ntype commit\n", "", true},
		{"no type", "object " + treeHex + "\ntag v1\n", "", true},
		{"bad type", "object " + treeHex + "\ntype thing\n", "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			tag, err := ParseTag([]byte(test.data), SHA1)
			if (err != nil) != test.bad {
				t.Fatalf("error %v", err)
			}
			if err != nil {
				return
			}
			got := fmt.Sprintf("%s %s %s", tag.Name, describe(tag.Tagger), tag.Message)
			if tag.Object.String() != treeHex || tag.ObjectType != Commit || got != test.want {
				t.Errorf("%s %s %q, want %q", tag.Object, tag.ObjectType, got, test.want)
			}
		})
	}
}

// rawEntry makes a tree entry whose object name is made of the given byte.
func rawEntry(mode, name string, id byte, size int) string {
	return mode + " " + name + "\x00" + strings.Repeat(string([]byte{id}), size)
}

func TestTreeIter(t *testing.T) {
	file, dir := rawEntry("100644", "a", 1, 20), rawEntry("40000", "b", 2, 20)
	tests := []struct {
		name, data, want string
		err              error
	}{
		{"empty", "", "", nil},
		{"usual", file + dir, "100644 a 01, 40000 b 02, ", nil},
		{"leading zero", rawEntry("040000", "d", 3, 20), "40000 d 03, ", nil},
		{"duplicates", file + file, "100644 a 01, 100644 a 01, ", nil},
		{"odd names", rawEntry("100664", "..", 1, 20) + rawEntry("160000", "x y/z", 1, 20), "100664 .. 01, 160000 x y/z 01, ", nil},
		{"empty name", file + rawEntry("100644", "", 1, 20), "100644 a 01, ", errTreeName},
		{"cut in the id", file + dir[:len(dir)-1], "100644 a 01, ", errTreeTruncated},
		{"cut in the name", file + "100644 b", "100644 a 01, ", errTreeTruncated},
		{"cut in the mode", file + "100", "100644 a 01, ", errTreeMode},
		{"bad mode", rawEntry("100844", "a", 1, 20), "", errTreeMode},
		{"no mode", rawEntry("", "a", 1, 20), "", errTreeMode},
		{"long mode", rawEntry("77777777777777777777", "a", 1, 20), "", errTreeMode},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			it := NewTreeIter([]byte(test.data), SHA1)
			for it.Next() {
				got += fmt.Sprintf("%o %s %s, ", it.Mode, it.Name, it.ID.String()[:2])
			}
			if got != test.want || it.Err() != test.err || it.Next() {
				t.Errorf("%q, %v; want %q, %v", got, it.Err(), test.want, test.err)
			}
		})
	}
	data := []byte(strings.Repeat(file+dir, 100))
	if n := testing.AllocsPerRun(10, func() {
		for it := NewTreeIter(data, SHA1); it.Next(); {
			if it.Mode == 0 {
				t.Error("no mode")
			}
		}
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
