// Package history answers questions about commits: which belong to a range, what each changed, and which commit
// introduced or removed something that stands in a blob. It knows Git's objects through package gitstore; of secrets it
// knows only numbers: an Item is something that a blob or a path may hold, and the caller says which.
//
// Terms
//
//	graph       the commits reachable from the tips and bases, numbered so that parents come before children
//	selected    the commits that the job is about; the others are there to be compared with
//	D(C, p)     the paths at which the trees of commit C and its parent p differ, without rename detection
//	S(C:q)      the items of the blob at path q of commit C
//	new         item s is new in C against p: it is in S(C:q) for some q in D(C, p), and in no S(p:q') with q' in D(C, p)
//	introduces  C introduces s if s is new against every parent; a root and a shallow boundary have the empty tree as parent
package history
