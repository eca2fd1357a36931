package gitstore

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// readTables reads the refs of all worktrees from their stacks of tables.
func (b *refBuilder) readTables() {
	r := b.repo
	main := ""
	if r.GitDir != r.CommonDir {
		main = "main-worktree/"
	}
	b.stackRefs(r.CommonDir, main)
	for _, w := range r.linkedWorktrees() {
		b.stackRefs(w.gitDir, w.prefix)
	}
}

// stackRefs adds the refs of one stack. Later tables win; what they delete is gone.
func (b *refBuilder) stackRefs(gitDir, prefix string) {
	refs := map[string]refValue{}
	b.repo.eachTable(gitDir, func(t *reftable) error {
		return t.eachRef(func(ref tableRef) {
			if ref.deleted {
				delete(refs, ref.name)
			} else {
				refs[ref.name] = ref.value
			}
		})
	})
	if _, ok := refs["HEAD"]; !ok {
		b.note(damagedf(b.repo.label(filepath.Join(gitDir, "reftable")), "HEAD is not in the tables"))
	}
	for name, v := range refs {
		b.tableRef(prefix, name, v)
	}
}

func (b *refBuilder) tableRef(prefix, name string, v refValue) {
	switch {
	case !safeRefName(name) || v.target != "" && !safeRefName(v.target):
		b.note(damagedf(shown(name), "bad name of a ref"))
	case v.target == "" && v.id.IsZero():
		b.note(damagedf(shown(name), "%s", errRefNull.Error()))
	case isRootRef(name) && name != "HEAD": // ORIG_HEAD and its like are files elsewhere and no refs
		b.state[prefix+name] = v.id
	default:
		b.addIn(prefix, name, v)
	}
}

// eachTable visits the tables of a stack from the oldest to the newest and notes those that cannot be read.
func (r *Repo) eachTable(gitDir string, visit func(*reftable) error) {
	dir := filepath.Join(gitDir, "reftable")
	tables, problems := r.openStack(dir)
	for _, e := range problems {
		r.note(e)
	}
	for i := range tables {
		if err := visit(tables[i].table); err != nil {
			r.note(tableError(r.label(filepath.Join(dir, tables[i].name)), err))
		}
	}
}

type namedTable struct {
	name  string
	table *reftable
}

// openStack opens the tables that tables.list names. A table may be replaced meanwhile by one that holds it and others; the
// list is then read again.
func (r *Repo) openStack(dir string) (tables []namedTable, problems []*Error) {
	for try := 0; ; try++ {
		tables, problems = nil, nil
		list, err := readLayoutFile(filepath.Join(dir, "tables.list"), maxSmallFile)
		if err != nil {
			return nil, []*Error{layoutError(r.label(filepath.Join(dir, "tables.list")), err)}
		}
		gone := false
		for name := range strings.FieldsSeq(string(list)) {
			t, err := r.openTableFile(dir, name)
			if err != nil {
				gone = gone || errors.Is(err, fs.ErrNotExist)
				problems = append(problems, tableError(r.label(filepath.Join(dir, shown(name))), err))
				continue
			}
			tables = append(tables, namedTable{name, t})
		}
		if !gone || try == 2 {
			return tables, problems
		}
	}
}

func (r *Repo) openTableFile(dir, name string) (*reftable, error) {
	if !validTableName(name) {
		return nil, errors.New("tables.list names no table")
	}
	data, err := readLayoutFile(filepath.Join(dir, name), maxTableFile)
	if err != nil {
		return nil, err
	}
	return openTable(data, r.Format)
}

func tableError(what string, err error) *Error {
	e := layoutError(what, err)
	if errors.Is(err, errTableNames) {
		e.Class = Limit
	}
	return e
}

// tableLog returns the reflog of one ref from a stack, oldest entry first.
func (r *Repo) tableLog(gitDir, name string) []logEntry {
	updates := map[uint64]logEntry{}
	r.eachTable(gitDir, func(t *reftable) error {
		return t.eachLog(func(log tableLog) {
			switch {
			case log.name != name:
			case log.deleted:
				delete(updates, log.index)
			default:
				log.entry.message = bytes.Clone(log.entry.message)
				updates[log.index] = log.entry
			}
		})
	})
	indexes := make([]uint64, 0, len(updates))
	for i := range updates {
		indexes = append(indexes, i)
	}
	slices.SortFunc(indexes, cmp.Compare[uint64])
	list := make([]logEntry, len(indexes))
	for i, n := range indexes {
		list[i] = updates[n]
	}
	return list
}

// eachTableLog visits the entries of all reflogs of a stack, those that a later table deletes included: --unreachable asks
// for what was lost.
func (r *Repo) eachTableLog(gitDir string, visit func(logEntry)) {
	r.eachTable(gitDir, func(t *reftable) error {
		return t.eachLog(func(log tableLog) {
			if !log.deleted {
				visit(log.entry)
			}
		})
	})
}
