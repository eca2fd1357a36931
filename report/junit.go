package report

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// NewJUnit returns a handler that writes the XML of JUnit's test reports, as Apache Ant defined it and CI systems read it: a test case
// that fails for each finding, one with an error for each thing that was not read, and, if there are none of both, one that passes, since
// some systems take a report without tests for a mistake. It holds no secrets.
func NewJUnit(w io.Writer) Handler { return Discreet(&junitHandler{w: bufio.NewWriterSize(w, 1<<16)}) }

type junitHandler struct {
	w        *bufio.Writer
	config   Config
	cases    spool
	failures int
}

type junitCase struct {
	XMLName xml.Name    `xml:"testcase"`
	Name    string      `xml:"name,attr"`
	Class   string      `xml:"classname,attr"`
	Time    string      `xml:"time,attr"`
	Error   *junitFault `xml:"error"`
	Failure *junitFault `xml:"failure"`
}

type junitFault struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitSuite struct {
	XMLName   xml.Name `xml:"testsuite"`
	Name      string   `xml:"name,attr"`
	Package   string   `xml:"package,attr"`
	ID        int      `xml:"id,attr"`
	Timestamp string   `xml:"timestamp,attr"`
	Host      string   `xml:"hostname,attr"`
	Tests     int      `xml:"tests,attr"`
	Failures  int      `xml:"failures,attr"`
	Errors    int      `xml:"errors,attr"`
	Time      string   `xml:"time,attr"`
}

func (j *junitHandler) Config(c *Config) error { j.config = *c; return nil }

func (j *junitHandler) Finding(f *Finding) error {
	j.failures++
	return j.add(junitCase{
		Name: token(placeText(&f.Place) + " " + Escape(f.Redacted) + " " + Escape(f.Fingerprint)), Class: token(Escape(f.Rule)), Time: "0",
		Failure: &junitFault{Message: headline(f), Type: token(Escape(f.Severity)), Text: junitText(f)},
	})
}

// token returns s as XML Schema's type token demands it: single spaces, none at the ends.
func token(s string) string { return strings.Join(strings.Fields(s), " ") }

// junitText tells the finding's story in lines.
func junitText(f *Finding) string {
	var b strings.Builder
	line := func(label, text string) {
		if text != "" {
			fmt.Fprintf(&b, "\n%-12s%s", label, text)
		}
	}
	line("where", placeText(&f.Place))
	if f.Excerpt != nil {
		line("line", Escape(strings.TrimSpace(f.Excerpt.Text)))
	}
	line("story", story(f))
	line("refs", refsText(refsOf(f)))
	if v := &f.Verdict; v.Status != "" && v.Status != "unasked" {
		line("verdict", strings.TrimSuffix(Escape(v.Status)+": "+Escape(v.Reason), ": "))
		line("identity", Escape(identityText(v)))
	}
	line("confidence", Escape(f.Confidence))
	line("fingerprint", Escape(f.Fingerprint))
	line("next step", nextStep(f.Source, f.Verdict.Status))
	line("rotate at", Escape(f.Rotate))
	return b.String() + "\n"
}

func (j *junitHandler) add(c junitCase) error {
	c.Name, c.Class = xmlText(c.Name), xmlText(c.Class)
	for _, f := range []*junitFault{c.Error, c.Failure} {
		if f != nil {
			f.Message, f.Type, f.Text = xmlText(f.Message), xmlText(f.Type), xmlText(f.Text)
		}
	}
	text, err := xml.MarshalIndent(c, "    ", "  ")
	if err != nil {
		return err
	}
	j.cases.Write(append(text, '\n'))
	return nil
}

// xmlText replaces what Escape lets pass and XML 1.0 (section 2.2) does not know.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, s)
}

func (j *junitHandler) Coverage(c *Coverage) error {
	errors := 0
	for _, s := range c.Skipped {
		if s.Accepted != "" {
			continue
		}
		errors++
		why := Escape(s.What) + ": " + Escape(s.Why)
		if err := j.add(junitCase{Name: token(Escape(s.What)), Class: "coverage", Time: "0", Error: &junitFault{Message: why, Type: token(Escape(s.Class)), Text: why}}); err != nil {
			return err
		}
	}
	tests := j.failures + errors
	if tests == 0 {
		tests++
		if err := j.add(junitCase{Name: "no secrets", Class: "mudlark", Time: junitSeconds(c)}); err != nil {
			return err
		}
	}
	began, _ := times(c)
	suite := junitSuite{
		Name: "mudlark", Package: "mudlark", Timestamp: began, Host: "localhost", Tests: tests, Failures: j.failures, Errors: errors, Time: junitSeconds(c),
	}
	return j.write(suite, c)
}

func junitSeconds(c *Coverage) string { return fmt.Sprintf("%.3f", max(0, c.Duration)) }

func (j *junitHandler) write(suite junitSuite, c *Coverage) error {
	head, err := xml.MarshalIndent(suite, "  ", "  ")
	if err != nil {
		return err
	}
	head = bytes.TrimSuffix(head, []byte("</testsuite>"))
	fmt.Fprintf(j.w, "%s<testsuites>\n%s\n    <properties>\n", xml.Header, head)
	for _, p := range [][2]string{{"version", j.config.Tool.Version}, {"target", j.config.Target}, {"mode", j.config.Mode}, {"rules_hash", j.config.RulesHash}} {
		fmt.Fprintf(j.w, `      <property name="%s" value="`, p[0])
		if err := xml.EscapeText(j.w, []byte(xmlText(Escape(p[1])))); err != nil {
			return err
		}
		j.w.WriteString("\"/>\n")
	}
	j.w.WriteString("    </properties>\n")
	if _, err := j.cases.WriteTo(j.w); err != nil {
		return err
	}
	j.w.WriteString("    <system-out>")
	t := &textHandler{mode: j.config.Mode}
	if err := xml.EscapeText(j.w, []byte(t.examined(c))); err != nil {
		return err
	}
	_, err = j.w.WriteString("</system-out>\n    <system-err></system-err>\n  </testsuite>\n</testsuites>\n")
	return err
}

func (j *junitHandler) Done() error { return j.w.Flush() }
