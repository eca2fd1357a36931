package hooks

import "strings"

// mergingPrefix begins the names of the variables, one for each commit that is being merged, by which "git merge" tells its children what
// people call the commit: GITHEAD_OBJECT=NAME (git-merge's builtin/merge.c, merge_remote_util). When pre-merge-commit runs, MERGE_HEAD is
// not written yet, so that nothing else tells what is being merged.
const mergingPrefix = "GITHEAD_"

// Merging returns the object names of the commits that are being merged, as Git tells them to what it starts.
func Merging(environ []string) (objects []string) {
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if object, ok := strings.CutPrefix(name, mergingPrefix); ok && object != "" {
			objects = append(objects, object)
		}
	}
	return objects
}
