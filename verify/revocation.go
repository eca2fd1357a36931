package verify

import (
	"context"
	"time"
)

// Outcome is what became of a revocation.
type Outcome string

// The values of Outcome.
const (
	Revoked  Outcome = "revoked"  // the provider says that the credential is dead
	Dead     Outcome = "dead"     // it was dead before
	Unproved Outcome = "unproved" // the provider accepted the revocation; that the credential is dead is not proved
	Failed   Outcome = "failed"   // a request was sent, and the credential is not revoked as far as is known
	Refused  Outcome = "refused"  // nothing was sent that revokes
	Declined Outcome = "declined" // whoever was asked did not say yes
)

// Refusals of a whole revocation.
const (
	NotProvedAlive Refusal = "it is not proved to work"
	StillWorks     Refusal = "it still works"
)

// Revocation is the record of an attempt to revoke a credential. There is no secret in it.
type Revocation struct {
	Outcome Outcome
	Why     Refusal // why it is not revoked; "" if it is, or was dead
	Request string  // "DELETE https://host/path", with what is secret in it left out
	Before  Verdict
	SentAt  time.Time // UTC; zero if no request was sent
	After   *Verdict  // nil if no request was sent
}

// Revoke verifies a credential, lets confirm decide, has the credential revoked, and verifies it again. Nothing is revoked that is not
// exactly identified and proved to work, and nothing is called revoked before its provider, asked again, says that it is dead.
func Revoke(ctx context.Context, o Options, c Credential, confirm func(*Revocation) bool) *Revocation {
	o.Cache = nil // what counts is how it is, not how it was
	e := New(o)
	defer e.Close()
	r := &Revocation{}
	where, no := e.Revocable(c)
	if no != "" {
		r.Outcome, r.Why = Refused, no
		return r
	}
	r.Before, r.Request = e.Verify(ctx, []Credential{c}, nil)[0], where
	switch {
	case r.Before.dead():
		r.Outcome = Dead
		return r
	case r.Before.Status != Active:
		r.Outcome, r.Why = Refused, NotProvedAlive
		return r
	}
	no = e.find(ctx, c, &r.Before)
	var order order
	if no == "" {
		order, no = e.revocation(c, &r.Before)
	}
	if no != "" {
		r.Outcome, r.Why = Refused, no
		return r
	}
	if r.Request = order.where; !confirm(r) {
		r.Outcome = Declined
		return r
	}
	r.SentAt, no = e.revoke(ctx, order, c.Rule.Revoke.Success)
	o.lived = no == ""
	after := afterwards(ctx, o, c)
	r.After = &after
	switch {
	case after.dead():
		r.Outcome = Revoked
	case no != "":
		r.Outcome, r.Why = Failed, no
	case after.Status == Active:
		r.Outcome, r.Why = Failed, StillWorks
	default:
		r.Outcome = Unproved
	}
	return r
}

func (v *Verdict) dead() bool { return v.Status == Inactive || v.Status == Expired }

// afterwards verifies after a revocation, which may take a moment to become effective. Each time a new Engine asks, as one asks about a
// credential only once.
func afterwards(ctx context.Context, o Options, c Credential) (v Verdict) {
	for _, pause := range []time.Duration{0, 1, 3} {
		select {
		case <-time.After(pause * o.settling()):
		case <-ctx.Done():
		}
		e := New(o)
		v = e.Verify(ctx, []Credential{c}, nil)[0]
		e.Close()
		if v.dead() || ctx.Err() != nil {
			break
		}
	}
	return v
}

// settling is the unit of the pauses in which a revocation may become effective.
func (o *Options) settling() time.Duration {
	if o.backOff > 0 {
		return o.backOff // of a trial
	}
	return time.Second
}
