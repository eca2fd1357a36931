package report

import "errors"

// Multi returns a handler that passes everything on to all handlers, in their order. One that fails gets nothing more, while the
// others go on; its error is returned by Done, or at once when none is left.
func Multi(handlers ...Handler) Handler {
	return &multi{live: handlers}
}

type multi struct {
	live []Handler
	errs []error
}

// each calls do for all handlers that have not failed.
func (m *multi) each(do func(Handler) error) error {
	var live []Handler
	for i, h := range m.live {
		err := do(h)
		switch {
		case err == nil && live != nil:
			live = append(live, h)
		case err != nil:
			if live == nil {
				live = append(make([]Handler, 0, len(m.live)), m.live[:i]...)
			}
			m.errs = append(m.errs, err)
		}
	}
	if live != nil {
		m.live = live
	}
	if len(m.live) == 0 {
		return errors.Join(m.errs...)
	}
	return nil
}

func (m *multi) Config(c *Config) error { return m.each(func(h Handler) error { return h.Config(c) }) }
func (m *multi) Finding(f *Finding) error {
	return m.each(func(h Handler) error { return h.Finding(f) })
}
func (m *multi) Coverage(c *Coverage) error {
	return m.each(func(h Handler) error { return h.Coverage(c) })
}

func (m *multi) Done() error {
	if err := m.each(Handler.Done); err != nil {
		return err
	}
	return errors.Join(m.errs...)
}
