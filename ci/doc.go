// Package ci reads from the environment of a CI system which change it runs for: the commit under test, what was there before, and how the
// repository's history is made to be there. It knows variables and files of CI systems, no Git: whether a commit exists is for others to
// find out.
//
// What the environment says is the CI system's word. Names of branches in it can be chosen by anybody who may push or open a pull request, so
// they are data: nothing here puts them into a command or a path.
package ci

// Build is what a CI system runs for.
type Build struct {
	System string // for people: "GitHub Actions"
	Event  string // for people: "pull_request"

	// Head is the object name of the commit under test, "" for what is checked out.
	Head string
	// Bases are object names of commits that were known before the change. Those that are there count; with Target, none has to be.
	Bases []string
	// Target is the branch that the change is to go into, "" if it goes into none.
	Target string
	// Before is the object name that the branch had before a push, "" if it is new or not known. After a force push it may be gone.
	Before string
	// Branch is the branch that was pushed to, "" for a tag or if it is not known. Default is the repository's default branch, "" if unknown.
	Branch, Default string
	// Whole: there is no change, such as in a scheduled run; the whole history is meant.
	Whole bool
	// Nothing says why there is nothing to look at; "" if there is.
	Nothing string

	// Dir is the folder of the checkout, "" for the current one. URL is where the repository comes from, "" if unknown; it may hold a password.
	Dir, URL string
	// Remedy is what to write into the workflow to get the history, in lines.
	Remedy string
	// Partial is the same for a clone that lacks files by design; "" where no such clone is made without being asked for.
	Partial string
	Places  Places
}

// Places says where a CI system takes reports.
type Places struct {
	Annotations bool   // workflow commands on standard output are shown beside the code
	Issues      bool   // logging commands of Azure Pipelines on standard output are
	Summary     string // a file to which Markdown is added; "" for none
	Outputs     string // a file to which outputs of the step are added, NAME=VALUE; "" for none
	// Artifact is a format and a file that the system expects or can be given, "" for none.
	ArtifactFormat, ArtifactFile string
}

// zero reports whether an object name stands for none.
func zero(name string) bool {
	for i := range len(name) {
		if name[i] != '0' {
			return false
		}
	}
	return true
}

// object returns name if it is an object name in full, else "": anything else would be taken for a branch, a path or an expression.
func object(name string) string {
	if n := len(name); n != 40 && n != 64 || zero(name) {
		return ""
	}
	for i := range len(name) {
		if c := name[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return name
}

// objects returns those names that are object names in full.
func objects(names ...string) []string {
	var out []string
	for _, n := range names {
		if n = object(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}
