package verify

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// kubernetes asks a cluster whose token it is (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review),
// which every authenticated user may, and before version 1.28 whether it may see the list of APIs
// (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access). Nothing is stored by either. Everybody
// runs clusters, so the server is one of --endpoint, or the part "server" that stands near the token, which only --allow-host makes
// one to ask.
//
// A token that says that its time is over (exp) is expired, offline. It is active if the server names its user, or answers what only a user
// is answered, while a made-up one is refused. It is never inactive: a cluster says the same "Unauthorized" of another one's tokens,
// and where what it asks about tokens fails.
type kubernetes struct{}

// kubernetesServers returns the servers to ask, as URLs without a slash at the end.
func kubernetesServers(p *Probe) (servers []*url.URL, text bool) {
	if len(p.Endpoints) > 0 {
		return p.Endpoints, false
	}
	u, err := url.Parse(strings.TrimRight(p.Parts["server"], "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || dotted(u.EscapedPath()) {
		return nil, true
	}
	u.Host = strings.ToLower(u.Host)
	return []*url.URL{u}, true
}

// Targets implements Protocol.
func (kubernetes) Targets(p *Probe) (targets []Target, ok bool) {
	if end, known := jwtEnd(p.Secret); known && !end.After(time.Now()) {
		return nil, true
	}
	servers, text := kubernetesServers(p)
	for _, u := range servers {
		targets = append(targets, Target{Scheme: u.Scheme, Host: strings.ToLower(u.Hostname()), Port: portOf(u), Text: text, Clear: u.Scheme == "http"})
	}
	return targets, len(targets) > 0
}

// Verify implements Protocol.
func (kubernetes) Verify(ctx context.Context, p *Probe) Answer {
	if end, known := jwtEnd(p.Secret); known && !end.After(time.Now()) {
		return Answer{Status: Expired}
	}
	if hasControls(p.Secret) || !isASCII(p.Secret) {
		return Answer{Status: Skipped, Reason: Unsendable}
	}
	servers, text := kubernetesServers(p)
	var all []answer
	for _, u := range servers {
		a := kubernetesAsk(ctx, p, u)
		if a.Status == Active {
			return a
		}
		if a.Status == Inactive {
			a = unknown(Unclear)
			if text {
				a = unknown(Pairing)
			}
		}
		all = append(all, answer{Answer: a})
	}
	return together(all, false, false).Answer
}

// kubernetesQuestions are what a server is asked, newer ones first.
func kubernetesQuestions() [][2]string {
	return [][2]string{
		{"/apis/authentication.k8s.io/v1/selfsubjectreviews", `{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`},
		{"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", `{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"nonResourceAttributes":{"path":"/api","verb":"get"}}}`},
	}
}

// kubernetesAsk asks one server. It is Inactive if that refuses the token.
func kubernetesAsk(ctx context.Context, p *Probe, u *url.URL) Answer {
	if control, _ := kubernetesReview(ctx, p, u, 0, madeUpName()+"."+madeUpName()+"."+madeUpName()); control.Status != Inactive {
		if control.Status == Active {
			return unknown(AcceptsAny)
		}
		return control
	}
	a, missing := kubernetesReview(ctx, p, u, 0, p.Secret)
	if missing {
		a, _ = kubernetesReview(ctx, p, u, 1, p.Secret)
	}
	return a
}

// kubernetesReply is a review, or the Status of an error
// (https://kubernetes.io/docs/reference/kubernetes-api/definitions/status-v1-meta/).
type kubernetesReply struct {
	Kind   string          `json:"kind"`
	Status json.RawMessage `json:"status"` // of an error, a text
	Reason string          `json:"reason"`
	Code   int             `json:"code"`
}

// kubernetesReview asks one question with a token. missing: the server does not know the question.
func kubernetesReview(ctx context.Context, p *Probe, u *url.URL, question int, token string) (a Answer, missing bool) {
	q := kubernetesQuestions()[question]
	h := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
	r, a := p.send(ctx, http.MethodPost, strings.TrimRight(u.String(), "/")+q[0], h, q[1])
	if r == nil {
		return a, false
	}
	var reply kubernetesReply
	if r.cut || json.Unmarshal(r.body, &reply) != nil {
		return unknown(Unclear), r.status == http.StatusNotFound
	}
	switch {
	case r.status == http.StatusUnauthorized && reply.Kind == "Status" && reply.Reason == "Unauthorized" && reply.Code == r.status:
		return Answer{Status: Inactive}, false
	case r.status == http.StatusCreated:
		return kubernetesUser(&reply), false
	}
	return unknown(Unclear), r.status == http.StatusNotFound
}

// kubernetesUser reads a review.
func kubernetesUser(reply *kubernetesReply) Answer {
	var status struct {
		User struct {
			Name   string   `json:"username"`
			Groups []string `json:"groups"`
		} `json:"userInfo"`
		Allowed *bool `json:"allowed"`
	}
	err := json.Unmarshal(reply.Status, &status)
	switch user := status.User; {
	case err != nil || user.Name == "system:anonymous":
	case reply.Kind == "SelfSubjectReview" && user.Name != "":
		return Answer{Status: Active, Identity: map[string]string{"user": user.Name, "groups": strings.Join(user.Groups, ", ")}}
	case reply.Kind == "SelfSubjectAccessReview" && status.Allowed != nil:
		return Answer{Status: Active}
	}
	return unknown(Unclear)
}
