package verify

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	"mudlark/rules"
)

// control is the question about a made-up credential, put once for each rule and host.
type control struct {
	done    chan struct{}
	accepts bool
}

// acceptsAny reports whether the place takes a made-up credential for active: a firewall that answers everything, or a server that
// looks at no credential. It is asked before the real one is sent there.
func (e *Engine) acceptsAny(ctx context.Context, c candidate, m *message, v *values) bool {
	key := v.rule.ID + "\x00" + hostKey(m.target.url)
	e.mu.Lock()
	k := e.controls[key]
	first := k == nil
	if first {
		k = &control{done: make(chan struct{})}
		e.controls[key] = k
	}
	e.mu.Unlock()
	if first {
		defer close(k.done)
		fake := e.madeUp(v)
		fake.secret = keepingHost(fake.secret, v.secret, c.request.URL)
		fm, why := e.message(c, fake, v.rule.Verify.Hosts)
		k.accepts = why == "" && fm.target.url.Host == m.target.url.Host && e.put(ctx, c, &fm, fake).Status == Active
		return k.accepts
	}
	select {
	case <-k.done:
		return k.accepts
	case <-ctx.Done():
		return false
	}
}

// madeUp returns values of the same form as v: what is secret is random, what is public stays.
func (e *Engine) madeUp(v *values) *values {
	fake := &values{rule: v.rule, secret: e.o.Generate(v.rule), parts: map[string]string{}}
	switch {
	case strings.Contains(v.secret, "://"):
		fake.secret = scrambled(v.secret)
	case beginsURL(v.rule.Verify):
		_, fake.secret, _ = strings.Cut(scrambled("https://"+v.secret), "://")
	case fake.secret == "":
		fake.secret = scrambled(v.secret)
	}
	for _, p := range v.rule.Parts {
		switch old, ok := v.parts[p.Name]; {
		case !ok:
		case p.Public || len(p.Formats) == 0:
			fake.parts[p.Name] = old
		default:
			fake.parts[p.Name] = generatePart(&p)
		}
	}
	return fake
}

// keepingHost returns a made-up secret with those fields of the real one that stand in the host.
func keepingHost(fake, secret string, u rules.Template) string {
	_, authority, _ := u.Authority()
	for _, p := range authority {
		if len(p.Values) != 1 || p.Values[0] != "" {
			continue
		}
		for _, f := range p.Filters {
			separator, n := f.Arg[:1], int(f.Arg[2]-'0') // of field, the only filter in a host
			ours, theirs := strings.Split(fake, separator), strings.Split(secret, separator)
			if n < len(ours) && n < len(theirs) {
				ours[n] = theirs[n]
			}
			fake = strings.Join(ours, separator)
		}
	}
	return fake
}

// beginsURL reports whether the secret is the beginning of the URLs that it is tried at, so that its host stays.
func beginsURL(v *rules.Verify) bool {
	return v != nil && len(v.Requests) > 0 && len(v.Requests[0].URL) > 0 && slices.Equal(v.Requests[0].URL[0].Values, []string{""})
}

func generatePart(p *rules.Part) string {
	rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	return string(rules.GenerateFormat(rnd, p.Formats[rnd.IntN(len(p.Formats))].Node))
}

// scrambled returns s with other letters and digits; the beginning, which may say what kind of secret it is, and the host of a
// URL stay.
func scrambled(s string) string {
	const kept = 4
	from := min(kept, len(s)/4)
	if _, rest, ok := strings.Cut(s, "://"); ok {
		from = len(s) - len(rest)
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			from += i
		} else {
			from = len(s)
		}
	}
	out := []byte(s)
	for i := from; i < len(out); i++ {
		switch c := out[i]; {
		case '0' <= c && c <= '9':
			out[i] = '0' + byte(rand.IntN(10))
		case 'a' <= c && c <= 'f':
			out[i] = 'a' + byte(rand.IntN(6))
		case 'g' <= c && c <= 'z':
			out[i] = 'g' + byte(rand.IntN(20))
		case 'A' <= c && c <= 'F':
			out[i] = 'A' + byte(rand.IntN(6))
		case 'G' <= c && c <= 'Z':
			out[i] = 'G' + byte(rand.IntN(20))
		}
	}
	return string(out)
}
