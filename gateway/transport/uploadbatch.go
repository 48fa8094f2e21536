package transport

import (
	"io"
	"iter"
	"slices"

	"github.com/louche-graphql/louche/gateway/operation"
)

// A fileQueue hands files of a batch to one of its operations, which run concurrently.
type fileQueue struct {
	keys  map[string]bool // of its files
	queue chan queuedFile
	left  chan struct{} // closed when the operation takes no more files
	// reader reads the files of all queues of the batch.
	reader *fileReader
}

func newFileQueue(reader *fileReader) *fileQueue {
	return &fileQueue{keys: make(map[string]bool), queue: make(chan queuedFile), left: make(chan struct{}), reader: reader}
}

// queuesOf returns the queues of the operations that run and have files.
func queuesOf(batch []*batched) (queues []*fileQueue) {
	for _, op := range batch {
		if op.files != nil && op.state != nil {
			queues = append(queues, op.files)
		}
	}
	return queues
}

// A queuedFile is a file, or why there is none.
type queuedFile struct {
	operation.File
	content *io.PipeReader // nil: there is none
	err     error
}

func (q *fileQueue) all() iter.Seq2[operation.File, error] {
	return func(yield func(operation.File, error) bool) {
		for f := range q.queue {
			more := yield(f.File, f.err)
			if f.content != nil {
				f.content.Close()
			}
			if !more {
				return
			}
		}
	}
}

// put reports whether the operation has taken a file.
func (q *fileQueue) put(f queuedFile) bool {
	select {
	case q.queue <- f:
		return true
	case <-q.left:
		return false
	}
}

// leave ends the queue. A nil queue has no files.
func (q *fileQueue) leave() {
	if q != nil {
		close(q.left)
	}
}

func (q *fileQueue) isLeft() bool {
	select {
	case <-q.left:
		return true
	default:
		return false
	}
}

// distribute hands the files to the operations of a batch, as they arrive, until no
// operation takes any more.
func (f *fileReader) distribute(queues []*fileQueue) {
	defer func() {
		for _, q := range queues {
			close(q.queue)
		}
	}()
	for !allLeft(queues) {
		file, err := f.nextFile()
		if err == io.EOF {
			return
		}
		if err == nil {
			err = f.copy(file, queues)
		}
		if err != nil {
			for _, q := range queues {
				q.put(queuedFile{err: err})
			}
			return
		}
	}
}

func allLeft(queues []*fileQueue) bool {
	return !slices.ContainsFunc(queues, func(q *fileQueue) bool { return !q.isLeft() })
}

// copy copies a file to each operation that has it.
func (f *fileReader) copy(file operation.File, queues []*fileQueue) (err error) {
	var takers fileTakers
	for _, q := range queues {
		if !q.keys[file.Key] {
			continue
		}
		r, w := io.Pipe()
		of := file
		of.Content = r
		if q.put(queuedFile{File: of, content: r}) {
			takers = append(takers, w)
		}
	}
	_, err = io.Copy(&takers, file.Content)
	for _, w := range takers {
		w.CloseWithError(err)
	}
	return err
}

// fileTakers write to each taker that still reads.
type fileTakers []*io.PipeWriter

func (t *fileTakers) Write(b []byte) (int, error) {
	reading := (*t)[:0]
	for _, w := range *t {
		if _, err := w.Write(b); err == nil {
			reading = append(reading, w)
		}
	}
	*t = reading
	return len(b), nil
}
