package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"mudlark/rules"
)

// TryRevoke runs a rule's revoker against a server on loopback that plays its provider, whole: verified, revoked, verified again. The
// request must be as the rule declares it and be sent once; only the declared answers count as acceptance, and only a provider that then
// refuses the credential makes it revoked. It returns what is wrong, in words.
func TryRevoke(r *rules.Rule, generate func(*rules.Rule) string) []string {
	switch {
	case r.Revoke == nil:
		return nil
	case r.Verify == nil:
		return []string{"what cannot be verified cannot be proved to work, and so is never revoked: write [rule.verify] as well"}
	case r.Revoke.Protocol != "":
		if _, ok := protocols()[r.Revoke.Protocol].(Revoker); !ok {
			return []string{fmt.Sprintf("this version cannot revoke by protocol %q", r.Revoke.Protocol)}
		}
		return nil
	case r.Verify.Protocol != "":
		return []string{"a request revokes what only a request verifies: write protocol"}
	}
	t := &revokeTrial{trial: trial{rule: r, generate: generate}}
	if err := t.listen(t); err != nil {
		return []string{"no server can be started to try it against: " + err.Error()}
	}
	defer t.close()
	if !t.choose() {
		return append(t.problems, "its secrets and parts make no request that may be sent: see hosts and the formats of the parts")
	}
	e := t.engine(patient)
	defer e.Close()
	// A request that is given up may be served much later: the trial of slow servers comes last, at all places.
	for _, try := range []func(){t.answers, t.slow} {
		for i := range r.Revoke.Requests {
			if no := t.prepare(e, i); no != "" {
				return append(t.problems, "it is never revoked: "+string(no))
			}
			try()
		}
	}
	return t.problems
}

// answers tries everything that a server can answer.
func (t *revokeTrial) answers() {
	t.accepts()
	t.gone()
	t.refuses()
	t.inexact()
}

// prepare makes the requests that find and revoke the credential at a place. The server may still be busy with a request of the one before,
// which was not waited for.
func (t *revokeTrial) prepare(e *Engine, place int) Refusal {
	x, no := e.exactly(t.c)
	if no != "" {
		return no
	}
	fields := t.rule.Verify.Identity
	var finding *message
	if find := t.rule.Revoke.Find; find != nil {
		fields = slices.Concat(fields, find.Fields)
		m, why := e.message(candidate{request: &find.Request, endpoint: x.endpoint}, x.values, x.hosts)
		if why != "" {
			return Refusal(why)
		}
		finding = &m
	}
	x.values.told = map[string]string{}
	for _, f := range fields {
		x.values.told[f.Name] = "x" // which the server says
	}
	m, why := e.message(candidate{request: &t.rule.Revoke.Requests[place], endpoint: x.endpoint}, x.values, x.hosts)
	t.state.Lock()
	defer t.state.Unlock()
	t.place, t.finding, t.request = place, finding, m
	t.before = Verdict{Identity: x.values.told, place: place + 1}
	return Refusal(why)
}

// revokeTrial is a revoker and the server that it is tried against.
type revokeTrial struct {
	trial
	place   int      // which of the requests is tried
	request message  // what revokes
	finding *message // what finds the provider's name; nil if it need not be found
	before  Verdict  // of the server

	state  sync.Mutex
	alive  bool
	listed string                                       // the answer to finding; "" for the one that tells
	dead   *reply                                       // to what does not live; nil for the rule's first refusal
	answer func(w http.ResponseWriter, r *http.Request) // to the revocation
	sent   int                                          // revocations
	others []string                                     // "METHOD path" of requests that nobody declared
}

// ServeHTTP plays the provider: whoever lives is answered by the rule's first active answer, whoever does not by its first refusal.
func (t *revokeTrial) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	v := t.rule.Verify
	t.state.Lock()
	defer t.state.Unlock()
	switch {
	case t.request.same(r, string(body)):
		t.sent++
		t.answer(w, r)
	case t.finding != nil && t.finding.same(r, string(body)) && t.alive:
		answer := reply{status: http.StatusOK, body: t.listed}
		if answer.body == "" {
			answer.body = t.list(private(t.c.Secret)[:echoLength]+"…", t.c.Secret)
		}
		answer.write(w)
	case t.alive && t.asks(r, string(body)):
		answering(&v.Active[0], v.Active[0].Status[0], v.Identity, func(string) string { return "x" }).write(w)
	default:
		if r.Method == t.request.method && r.URL.Path == t.request.target.url.Path && t.request.method != v.Requests[0].Method {
			t.others = append(t.others, r.Method+" "+r.URL.Path)
		}
		t.refusal().write(w)
	}
}

// asks reports whether a request is one of the rule's, at the place that is tried if it is tried for one.
func (t *revokeTrial) asks(r *http.Request, body string) bool {
	want := t.want
	if len(t.rule.Revoke.Requests) > 1 {
		want = want[t.place : t.place+1]
	}
	return slices.ContainsFunc(want, func(m message) bool { return m.same(r, body) })
}

// list is a list of credentials, as finding wants it, of which each shows one of the secrets.
func (t *revokeTrial) list(secrets ...string) string {
	find := t.rule.Revoke.Find
	elements := []any{}
	for _, s := range secrets {
		element, _ := placed(nil, find.Secret, s)
		for _, f := range find.Fields {
			element, _ = placed(element, f.JSON, "x")
		}
		elements = append(elements, element)
	}
	doc, _ := placed(nil, find.List, elements)
	return bodyText(doc, nil)
}

// refusal is how the provider refuses what does not live.
func (t *revokeTrial) refusal() reply {
	if t.dead != nil {
		return *t.dead
	}
	for _, list := range [][]rules.Condition{t.rule.Verify.Inactive, t.rule.Verify.Expired} {
		if len(list) > 0 {
			return answering(&list[0], list[0].Status[0], nil, nil)
		}
	}
	return reply{status: http.StatusUnauthorized, body: `{"mudlark_trial":"refused"}`}
}

// dies reports whether the rule has words by which a provider says that a secret is dead.
func (t *revokeTrial) dies() bool { return len(t.rule.Verify.Inactive)+len(t.rule.Verify.Expired) > 0 }

// outcome is what a trial must come to.
type outcome struct {
	Outcome
	why  Refusal
	sent int // revocations that reach the server
}

// play has a living credential revoked at a server that answers by the script, and compares.
func (t *revokeTrial) play(what string, want outcome, answer func(http.ResponseWriter, *http.Request)) {
	t.run(what, want, t.c, true, answer)
}

// run is play for a credential of one's own, which may be dead.
func (t *revokeTrial) run(what string, want outcome, c Credential, alive bool, answer func(http.ResponseWriter, *http.Request)) {
	t.state.Lock()
	t.alive, t.answer, t.sent, t.others = alive, answer, 0, nil
	t.state.Unlock()
	began := time.Now().Add(-time.Second)
	r := Revoke(context.Background(), t.options(patient), c, func(*Revocation) bool { return want.Outcome != Declined })
	t.state.Lock()
	defer t.state.Unlock()
	wrong := func(format string, args ...any) {
		t.problems = append(t.problems, what+": "+fmt.Sprintf(format, args...))
	}
	if r.Outcome != want.Outcome || r.Why != want.why {
		wrong("the outcome is %s (%s), but must be %s (%s)", r.Outcome, r.Why, want.Outcome, want.why)
	}
	if t.sent != want.sent {
		wrong("%d revocations were sent, but must be %d", t.sent, want.sent)
	}
	if len(t.others) > 0 {
		wrong("a request was not as declared: %s", strings.Join(t.others, ", "))
	}
	if (want.sent > 0) != (r.After != nil) || want.sent > 0 && (r.SentAt.Before(began) || r.SentAt.After(time.Now()) || r.After.CheckedAt.Before(r.SentAt)) {
		wrong("the record has wrong times")
	}
	if text, err := json.Marshal(r); err != nil || echoes(string(text), []string{private(t.c.Secret)}) {
		wrong("the record shows the secret")
	}
}

// private returns what of a secret a record must not show: the host of a URL is public.
func private(secret string) string {
	if _, rest, ok := strings.Cut(secret, "://"); ok {
		_, rest, _ = strings.Cut(rest, "/")
		return rest
	}
	return secret
}

// accepts tries what a provider may say that did as it was asked.
func (t *revokeTrial) accepts() {
	dead := outcome{Revoked, "", 1}
	if !t.dies() {
		dead.Outcome = Unproved
	}
	for i, c := range t.rule.Revoke.Success {
		for _, status := range c.Status {
			yes := answering(&c, status, nil, nil)
			t.play(fmt.Sprintf("success %d with status %d", i+1, status), dead, func(w http.ResponseWriter, _ *http.Request) {
				t.alive = false
				yes.write(w)
			})
		}
	}
	yes := answering(&t.rule.Revoke.Success[0], t.rule.Revoke.Success[0].Status[0], nil, nil)
	t.play("success in words alone", outcome{Failed, StillWorks, 1}, yes.script())
	loud := yes
	loud.header = map[string]string{"X-Echo": t.c.Secret}
	if loud.body == "" && loud.status != http.StatusNoContent {
		loud.body = t.c.Secret + "\x1b[31m\r\n::error::"
	}
	if hasControls(t.c.Secret) {
		loud.header = nil
	}
	t.play("success that repeats the secret", outcome{Failed, StillWorks, 1}, loud.script())
	if t.dies() {
		t.play("a connection that is dropped after the revocation", outcome{Revoked, "", 1}, func(w http.ResponseWriter, _ *http.Request) {
			t.alive = false
			hangUp(w)
		})
	}
}

// gone tries words that say only after a revocation that the credential is dead.
func (t *revokeTrial) gone() {
	yes := answering(&t.rule.Revoke.Success[0], t.rule.Revoke.Success[0].Status[0], nil, nil)
	no := reply{status: http.StatusForbidden, body: `{"mudlark_trial":"refused"}`}
	dying := func(a reply) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			t.alive = false
			a.write(w)
		}
	}
	for i, c := range t.rule.Revoke.Gone {
		for _, status := range c.Status {
			words := answering(&c, status, nil, nil)
			what := fmt.Sprintf("gone %d with status %d", i+1, status)
			t.answerDead(&words)
			t.play(what, outcome{Revoked, "", 1}, dying(yes))
			t.play(what+" though the revocation is not accepted", outcome{Failed, NotAccepted, 1}, dying(no))
			t.run(what+" before", outcome{Refused, NotProvedAlive, 0}, t.c, false, dying(yes))
		}
	}
	t.answerDead(nil)
}

func (t *revokeTrial) answerDead(words *reply) {
	t.state.Lock()
	defer t.state.Unlock()
	t.dead = words
}

// refuses tries what else a provider, or what stands before it, can answer: none of it is acceptance, and none of it sent twice.
func (t *revokeTrial) refuses() {
	success := &t.rule.Revoke.Success[0]
	yes := answering(success, success.Status[0], nil, nil)
	for _, s := range []int{400, 401, 403, 404} {
		t.play(fmt.Sprintf("refusal %d", s), outcome{Failed, NotAccepted, 1}, reply{status: s, body: `{"mudlark_trial":"refused"}`}.script())
	}
	if len(success.JSON)+len(success.Body)+len(success.Header) > 0 {
		t.play("the status of success with another body", outcome{Failed, NotAccepted, 1}, reply{status: success.Status[0], body: `{"ok":false,"errors":[{}]}`}.script())
	}
	for _, s := range []int{500, 502} {
		t.play(fmt.Sprintf("failure %d", s), outcome{Failed, Refusal(ServerError), 1}, reply{status: s, body: yes.body}.script())
	}
	t.play("limited for long", outcome{Failed, Refusal(RateLimited), 1}, reply{status: 429, body: yes.body, header: map[string]string{"Retry-After": "100000"}}.script())
	for _, s := range []int{301, 302, 307, 308} {
		t.play(fmt.Sprintf("redirect %d", s), outcome{Failed, NotAccepted, 1}, reply{status: s, body: yes.body, header: map[string]string{"Location": t.request.target.url.RequestURI()}}.script())
	}
	page := "<!DOCTYPE html>\n<html><body>Please log in. " + yes.body + strings.Join(success.Body, " ") + "</body></html>"
	t.play("a log-in page", outcome{Failed, NotAccepted, 1}, reply{status: http.StatusOK, body: page}.script())
	t.play("a connection that is dropped", outcome{Failed, Refusal(NetworkError), 1}, func(w http.ResponseWriter, _ *http.Request) { hangUp(w) })
}

// slow tries a server that does not answer in time.
func (t *revokeTrial) slow() {
	t.state.Lock()
	t.alive, t.sent, t.answer = true, 0, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	t.state.Unlock()
	e := t.engine(40 * time.Millisecond)
	defer e.Close()
	o, no := e.revocation(t.c, &t.before)
	if no == "" {
		_, no = e.revoke(context.Background(), o, t.rule.Revoke.Success)
	}
	if no != Refusal(TimedOut) {
		t.problems = append(t.problems, "a server that does not answer: "+string(no)+", but must be: "+string(TimedOut))
	}
}

// inexact tries credentials that must not be revoked. Nothing may be sent that revokes.
func (t *revokeTrial) inexact() {
	never := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(t.rule.Revoke.Success[0].Status[0]) }
	t.run("nobody says yes", outcome{Declined, "", 0}, t.c, true, never)
	if t.dies() {
		t.run("dead already", outcome{Dead, "", 0}, t.c, false, never)
	} else {
		t.run("not proved to work", outcome{Refused, NotProvedAlive, 0}, t.c, false, never)
	}
	c := t.c
	c.Ambiguous = true
	t.run("another provider's as well", outcome{Refused, Refusal(Ambiguous), 0}, c, true, never)
	if t.finding != nil {
		t.unfound(never)
	}
	needed, _ := neededToRevoke(t.rule.Revoke)
	for _, name := range needed {
		if name == "" {
			continue
		}
		c := t.c
		c.Parts = map[string][]string{}
		for n, list := range t.c.Parts {
			c.Parts[n] = list
		}
		c.Parts[name] = append(slices.Clone(c.Parts[name]), "another")
		t.run("two candidates for the part "+name, outcome{Refused, NotExact, 0}, c, true, never)
		delete(c.Parts, name)
		t.run("without the part "+name, outcome{Refused, Refusal(PartMissing), 0}, c, true, never)
	}
}

// unfound tries lists that do not say which of their elements is the credential. Nothing may be sent that revokes.
func (t *revokeTrial) unfound(never func(http.ResponseWriter, *http.Request)) {
	secret := t.c.Secret
	for what, list := range map[string]string{
		"a list without it":               t.list(secret + "x"),
		"a list that shows its start":     t.list(secret[:len(secret)/2]+"…", secret[:len(secret)/2]),
		"a list that shows it twice":      t.list(secret, secret),
		"a list of nothing":               t.list(),
		"a log-in page in place of it":    "<!DOCTYPE html><html>" + t.list(secret),
		"no list":                         `{"mudlark_trial":"refused"}`,
		"an element that names itself so": strings.ReplaceAll(t.list(secret), `"x"`, `"`+secret+`"`),
	} {
		t.state.Lock()
		t.listed = list
		t.state.Unlock()
		t.run(what, outcome{Refused, NotTold, 0}, t.c, true, never)
	}
	t.state.Lock()
	t.listed = ""
	t.state.Unlock()
}
