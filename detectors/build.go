package detectors

import (
	"errors"
	"fmt"

	"mudlark/rules"
)

// build compiles a rule: its formats, regex or block, and its parts.
func (e *Engine) build(c *rule) error {
	var err error
	switch {
	case c.Block != "":
		err = e.buildBlock(c)
	case c.Regex != "":
		err = e.buildRegex(c)
	default:
		err = e.buildFormats(c)
	}
	if err != nil {
		return err
	}
	for i := range c.Parts {
		p, err := e.newPart(c, &c.Parts[i])
		if err != nil {
			return fmt.Errorf("part %s: %w", c.Parts[i].Name, err)
		}
		c.parts = append(c.parts, p)
	}
	return nil
}

func (e *Engine) buildFormats(c *rule) error {
	if len(c.Formats) == 0 {
		return errors.New("has neither a format, a regex nor a block")
	}
	for i := range c.Formats {
		f, err := e.newFormat(c, &c.Formats[i])
		if err != nil {
			return err
		}
		f.require, f.reject = c.Require, c.Reject
		if err := f.chooseAnchors(); err != nil {
			return fmt.Errorf("format %q: %w", c.Formats[i].Text, err)
		}
		c.formats = append(c.formats, f)
	}
	return nil
}

// chooseAnchors leaves the anchors to those branches that have a good one, or whose format has no near words to be searched behind.
func (f *format) chooseAnchors() error {
	for _, b := range f.branches {
		if b.at >= 0 && (f.near == nil || len(b.elements[b.at].literal) >= usableLiteral) {
			continue
		}
		b.at = -1
		if f.near == nil {
			return errors.New("has no literal to look for, and the rule has no near words")
		}
	}
	return nil
}

func (e *Engine) newFormat(c *rule, spec *rules.Format) (*format, error) {
	f := &format{
		rule: c, near: newWords(spec.Near), after: newWords(spec.After), confidence: spec.Confidence, entropy: spec.Entropy,
	}
	if f.confidence == "" {
		f.confidence = c.Confidence
	}
	if err := f.setCheck(spec.Checksum); err != nil {
		return nil, err
	}
	if err := e.setBoundary(f, spec.Boundary); err != nil {
		return nil, err
	}
	if spec.Node == nil {
		return nil, fmt.Errorf("format %q was not parsed", spec.Text)
	}
	_, f.longest = rules.Length(spec.Node)
	f.reach = f.reachOf()
	f.branches = compileFormat(spec.Node, f.explicit, &e.classes)
	if len(f.branches) == 0 {
		return nil, fmt.Errorf("format %q matches nothing, or begins and ends in more than %d ways", spec.Text, maxReadings)
	}
	return f, nil
}

func (f *format) setCheck(name string) error {
	if name == "" {
		return nil
	}
	f.check, f.checked = checkFor(name)
	if !f.checked {
		return fmt.Errorf("there is no checksum %q", name)
	}
	return nil
}

func (e *Engine) setBoundary(f *format, text string) error {
	if text == "" {
		return nil
	}
	set, err := rules.ParseSet(text)
	if err != nil {
		return fmt.Errorf("boundary: %w", err)
	}
	f.explicit = e.classes.intern(set)
	return nil
}

func (e *Engine) buildRegex(c *rule) error {
	var err error
	if c.regex, err = newRegex(c.Regex, c.SecretGroup); err != nil {
		return err
	}
	if c.Verbatim {
		c.regex.length = -1
	}
	return e.buildBare(c)
}

// buildBare gives a rule without formats one that holds what the rule asks of a value.
func (e *Engine) buildBare(c *rule) error {
	f := &format{
		rule: c, near: newWords(c.Near), after: newWords(c.After), confidence: c.Confidence, entropy: c.Entropy,
		require: c.Require, reject: c.Reject,
	}
	c.formats = []*format{f}
	if err := f.setCheck(c.Checksum); err != nil {
		return err
	}
	return e.setBoundary(f, c.Boundary)
}

func (e *Engine) buildBlock(c *rule) error {
	if err := e.buildBare(c); err != nil {
		return err
	}
	var ok bool
	if c.block, ok = extractorFor(c.Block); !ok {
		return fmt.Errorf("there is no block %q", c.Block)
	}
	return nil
}
