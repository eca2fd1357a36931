package verify

import (
	"context"
	"net/http"
	"net/url"
	"slices"
)

// send sends a request and returns the response, or why there is none that says anything: failures, limits, redirects, web pages.
func (p *Probe) send(ctx context.Context, method, address string, header http.Header, body string) (*response, Answer) {
	r, a := p.sendForPage(ctx, method, address, header, body)
	if r != nil && isWebPage(r.body) {
		return nil, unknown(WebPage)
	}
	return r, a
}

// sendForPage is send where an answer may be a web page.
func (p *Probe) sendForPage(ctx context.Context, method, address string, header http.Header, body string) (*response, Answer) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, Answer{Status: Skipped, Reason: Unsendable}
	}
	m := &message{method: method, target: target{url: u}, body: body}
	for name, values := range header {
		for _, v := range values {
			m.headers = append(m.headers, [2]string{name, v})
		}
	}
	if slices.ContainsFunc(m.headers, func(h [2]string) bool { return hasControls(h[1]) }) {
		return nil, Answer{Status: Skipped, Reason: Unsendable}
	}
	r, why := p.exchange(ctx, m)
	switch {
	case why == HostNotAllowed:
		return nil, Answer{Status: Skipped, Reason: why}
	case why != "":
		return nil, unknown(why)
	case r.status >= 300 && r.status < 400:
		return nil, unknown(Redirected)
	}
	return r, Answer{}
}
