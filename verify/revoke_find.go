package verify

import (
	"context"
	"maps"
	"net/http"

	"mudlark/rules"
)

// find asks the provider, where the rule says how, by which name it knows a credential that is proved to work, and adds that to the
// verdict's identity. The credential must be one element of the list, whole: what is shown in part only may be another's.
func (e *Engine) find(ctx context.Context, c Credential, before *Verdict) Refusal {
	if c.Rule.Revoke == nil || c.Rule.Revoke.Find == nil {
		return ""
	}
	x, no := e.exactly(c)
	if no != "" {
		return no
	}
	spec := c.Rule.Revoke.Find
	m, why := e.message(candidate{request: &spec.Request, endpoint: x.endpoint}, x.values, x.hosts)
	if why != "" {
		return Refusal(why)
	}
	defer context.AfterFunc(ctx, func() { e.stop(errInterrupted) })()
	r, why := e.exchange(e.ctx, &m, rules.EffectRead)
	if why != "" {
		return Refusal(why)
	}
	found := discreet(foundIn(r, spec, x.values.secret), x.values)
	if len(found) == 0 {
		return NotTold
	}
	maps.Copy(found, before.Identity) // the account's fields say what they said
	before.Identity = found
	return ""
}

// foundIn returns what a list of credentials says of a secret; nil if it does not hold it exactly once.
func foundIn(r *response, spec *rules.Find, secret string) map[string]string {
	if r.status != http.StatusOK {
		return nil
	}
	value, _ := lookUp(parseJSON(r.body, r.cut), spec.List)
	list, _ := value.([]any)
	var found map[string]string
	for _, element := range list {
		shown, _ := lookUp(element, spec.Secret)
		if text, ok := shown.(string); !ok || text != secret {
			continue
		}
		if found != nil {
			return nil
		}
		found = map[string]string{}
		for _, f := range spec.Fields {
			name, _ := lookUp(element, f.JSON)
			found[f.Name] = listText(name)
		}
	}
	return found
}
