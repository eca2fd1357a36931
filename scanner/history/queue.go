package history

import "container/heap"

// A queue gives its items in the order of less.
type queue[T any] struct {
	items []T
	less  func(a, b T) bool
}

func (q *queue[T]) push(item T)        { heap.Push(q, item) }
func (q *queue[T]) take() T            { return heap.Pop(q).(T) }
func (q *queue[T]) Len() int           { return len(q.items) }
func (q *queue[T]) Less(i, j int) bool { return q.less(q.items[i], q.items[j]) }
func (q *queue[T]) Swap(i, j int)      { q.items[i], q.items[j] = q.items[j], q.items[i] }

// Push implements heap.Interface; push is for use.
func (q *queue[T]) Push(item any) { q.items = append(q.items, item.(T)) }

// Pop implements heap.Interface; take is for use.
func (q *queue[T]) Pop() any {
	last := len(q.items) - 1
	item := q.items[last]
	q.items = q.items[:last]
	return item
}
