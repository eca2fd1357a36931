package verify

import (
	"context"
	"io"
	"net/http"
	"strings"
)

// send sends a request and returns the response, or why there is none that says anything: failures, limits, redirects, web pages.
func (p *Probe) send(ctx context.Context, method, url string, header http.Header, body string) (*response, Answer) {
	r, a := p.sendForPage(ctx, method, url, header, body)
	if r != nil && isWebPage(r.body) {
		return nil, unknown(WebPage)
	}
	return r, a
}

// sendForPage is send where an answer may be a web page.
func (p *Probe) sendForPage(ctx context.Context, method, url string, header http.Header, body string) (*response, Answer) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return nil, Answer{Status: Skipped, Reason: Unsendable}
	}
	req.Header = header
	if p.UserAgent != "" {
		req.Header.Set("User-Agent", p.UserAgent)
	}
	resp, err := p.Client.Do(req)
	if err != nil {
		return nil, unknown(failure(err))
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil {
		return nil, unknown(failure(err))
	}
	r := &response{status: resp.StatusCode, header: resp.Header, body: text}
	if len(text) > maxBody {
		r.body, r.cut = text[:maxBody], true
	}
	switch _, limited := retryAfter(r); {
	case limited:
		return nil, unknown(RateLimited)
	case r.status >= 500:
		return nil, unknown(ServerError)
	case r.status >= 300 && r.status < 400:
		return nil, unknown(Redirected)
	}
	return r, Answer{}
}
