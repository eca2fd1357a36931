package detectors

import (
	"strconv"
	"strings"
	"time"

	"mudlark/rules"
)

// Details returns what a secret says of itself without being asked about and without being given away: name and text of each fact; nil for
// nothing.
func Details(r *rules.Rule, secret []byte) map[string]string {
	switch {
	case r.ID == "vault-dynamic-database-username":
		return vaultUser(string(secret))
	case r.Block == "pem":
		return keyDetails(secret)
	}
	return nil
}

// vaultUser reads a user name that Vault's database secrets engine made by its default template: v-DISPLAY-ROLE-RANDOM-TIME, display name and
// role cut to 8 characters, or v_DISPLAY_ROLE_RANDOM_TIME in lower case, cut as the database demands. See
// developer.hashicorp.com/vault/docs/concepts/username-templating.
func vaultUser(name string) map[string]string {
	divider := name[1:2]
	parts := strings.Split(name, divider)
	n := len(parts)
	if n < 5 {
		return nil
	}
	seconds, err := strconv.ParseInt(parts[n-1], 10, 64)
	if err != nil {
		return nil
	}
	display, role := parts[1], strings.Join(parts[2:n-2], divider)
	if head, rest, ok := strings.Cut(role, divider); ok && divider == "-" && len(role) > 8 {
		display, role = display+divider+head, rest
	}
	return map[string]string{"issued": time.Unix(seconds, 0).UTC().Format(time.RFC3339), "issued to": display, "role": role}
}
