package rules

// Verify is [rule.verify]: how the provider is asked whether a credential still works. It has requests or a protocol.
type Verify struct {
	// Requests are the candidates, such as one for each region. The credential is active if one of them says so, inactive
	// only if all do.
	Requests []Request
	// Protocol names a verifier of package verify for what one HTTP request cannot ask.
	Protocol string
	Effect   string   // EffectNone, EffectRead (default), EffectCost or EffectWrite
	Hosts    []string // suffixes that a host found in scanned text must have: "*.example.com" or "api.example.com"
	Endpoint string   // the name by which users say where an instance of their own is; "" if there are none
	Evidence string   // URL of the document that states the answers below

	// The answers. Of each list one condition must hold; an empty one never does.
	Active, Inactive, Expired []Condition
	Identity                  []IdentityField // by name
}

// Revoke is [rule.revoke]: how the holder of a credential revokes exactly this one. Endpoint and Hosts are those of Verify. It has
// requests or a protocol. A request may hold what the provider told when it was asked ({identity.NAME}).
type Revoke struct {
	// Requests are one, or as many as Verify has: the credential is revoked by that of the place at which it was proved to work.
	Requests []Request
	Find     *Find // nil if the provider's name of the credential need not be looked for
	Success  []Condition
	// Gone is what the verification answers of a credential that is revoked, in words that elsewhere may have another cause. They are believed
	// of one that worked a moment ago and whose revocation was accepted.
	Gone     []Condition
	Protocol string // names the verifier of package verify that also revokes; it must be that of Verify
	Proof    string // "verify": the answer to the request proves nothing, so the credential is verified afterwards; else ""
	Evidence string // URL of the document that describes the request
}

// Find is how the provider's own name of a credential is found: in a list of credentials that shows them whole, that one of which is
// this one.
type Find struct {
	Request Request         // its headers are those of the request that revokes
	List    JSONPath        // leads to the list in the answer; nil if the answer is one
	Secret  JSONPath        // leads to the credential in an element
	Fields  []IdentityField // of the element; {identity.NAME} of the request that revokes
}

// The effects that asking may have on the provider's side.
const (
	EffectNone  = "none"  // nothing at all
	EffectRead  = "read"  // data is read, and perhaps logged
	EffectCost  = "cost"  // it is billed, or counts against a quota
	EffectWrite = "write" // something is changed
)

// Request is one HTTP request with places for the secret and its parts.
type Request struct {
	Method  string
	URL     Template
	Headers []Header // by name
	Body    Template // nil for none
}

// Header is one header of a request.
type Header struct {
	Name  string
	Value Template
}

// Condition is something to be recognized in a response. Everything in it must hold.
type Condition struct {
	Status []int        // of which the response must have one
	JSON   []JSONTest   // on the body
	Body   []string     // texts that the body holds
	Header []HeaderTest // on the response's headers
}

// JSONTest asks for a value in a JSON document.
type JSONTest struct {
	Path  JSONPath
	Equal bool   // the value is a scalar whose text is Text; else it must only be there, and not null, false, "" or empty
	Text  string // for numbers as the document spells them; "true" and "false" for booleans
}

// JSONPath leads to a value in a JSON document: member names and, for elements of lists, indexes.
type JSONPath []JSONStep

// JSONStep is one step of a JSONPath.
type JSONStep struct {
	Name  string // "" for an element of a list
	Index int
}

// HeaderTest asks for a header.
type HeaderTest struct {
	Name string
	Text string // which the header holds, ignoring ASCII case; "" if the header must only be there
}

// IdentityField is something that a positive answer tells about the credential.
type IdentityField struct {
	Name   string   // what reports call it
	JSON   JSONPath // where in the body it stands; nil if it stands in a header
	Header string
}
