package verify

import (
	"crypto/rand"
	"testing"
)

// A URL is asked about by the protocol of its scheme; of others the verdict and the plan say that nobody can be asked.
func TestURLByScheme(t *testing.T) {
	t.Parallel()
	address := scripted(t, ldapScript(func(id byte, _ string) string { return ldapReply(id, ldapBindResponse, ldapInvalidCredentials, "") }, nil))
	check(t, verdictOfLogin(t, onLoopback(), "url", loginURL("ldap", "cn=ann", rand.Text(), address)), Inactive, "")
	for _, scheme := range []string{"imap", "sftp", "gopher"} {
		secret := loginURL(scheme, "ann", rand.Text(), address)
		check(t, verdictOfLogin(t, onLoopback(), "url", secret), Unsupported, NoVerifier)
		e := New(onLoopback())
		defer e.Close()
		plan := e.Plan([]Credential{{Rule: protocolRule(t, "url"), Secret: secret}})
		if len(plan) != 1 || plan[0].Status != Unsupported || plan[0].Reason != NoVerifier {
			t.Errorf("%s: plan %+v", scheme, plan)
		}
	}
	check(t, verdictOfLogin(t, onLoopback(), "url", "ldap://ann:"+rand.Text()+"@a.example,b.example"), Skipped, PartMissing)
}
