//! In which order the rows of the feature maps are computed, and how many of them must be in memory.
//!
//! A layer is not computed as a whole, but some rows at a time, as soon as the layer after it needs them. So nearly all that a
//! layer reads is still in the processor's cache, and large maps are never in memory as a whole.

use std::ops::Range;

use super::layer::Window;

/// A layer as far as the order is concerned.
#[derive(Debug)]
pub struct Task {
    /// The maps read, and the rows of them that a row of the output needs.
    pub inputs: Vec<(usize, Reach)>,
    /// The map written and how many of its rows at a time; `None` for what comes after all maps.
    pub output: Option<(usize, usize)>,
}

/// Which rows of the input an output row needs.
#[derive(Debug, Clone)]
pub enum Reach {
    All,
    Window(Window),
    /// For each output row the one that it is made of.
    Rows(Vec<usize>),
}

/// Some rows of what a task writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    pub task: usize,
    pub rows: Range<usize>,
}

/// What [`schedule`] finds.
#[derive(Debug)]
pub struct Schedule {
    pub turns: Vec<Turn>,
    /// For each map how many rows of it must be in memory: row `y` may lie where row `y - rows` was.
    pub rows: Vec<usize>,
}

impl Reach {
    /// The input rows, of `height`, that the output's `rows` need.
    fn needed(&self, rows: &Range<usize>, height: usize) -> Range<usize> {
        match self {
            Self::All => 0..height,
            Self::Window(window) => window.reached(rows, height),
            Self::Rows(from) => {
                let from = &from[rows.clone()];
                from.iter().copied().min().unwrap_or(0)..from.iter().copied().max().map_or(0, |row| row + 1)
            }
        }
    }
}

/// Orders the work of `tasks`. Those without an output are done in the order given, each of the others as soon as somebody reads
/// what it writes. `heights` are those of the maps.
pub fn schedule(tasks: &[Task], heights: &[usize]) -> Schedule {
    let mut writers: Vec<Vec<usize>> = vec![Vec::new(); heights.len()];
    for (index, task) in tasks.iter().enumerate() {
        if let Some((map, _)) = task.output {
            writers[map].push(index);
        }
    }
    let mut order = Order { tasks, heights, writers, done: vec![0; tasks.len()], turns: Vec::new() };
    for (index, task) in tasks.iter().enumerate() {
        if task.output.is_none() {
            order.advance(index, 1);
        }
    }
    let rows = rows_in_memory(tasks, heights, &order.turns);
    Schedule { turns: order.turns, rows }
}

struct Order<'a> {
    tasks: &'a [Task],
    heights: &'a [usize],
    writers: Vec<Vec<usize>>,
    /// How many rows each task has written.
    done: Vec<usize>,
    turns: Vec<Turn>,
}

impl Order<'_> {
    /// Has a task write at least its first `rows` rows, and before that others what it needs for them.
    fn advance(&mut self, task: usize, rows: usize) {
        let Task { inputs, output } = &self.tasks[task];
        let (height, step) = output.map_or((1, 1), |(map, step)| (self.heights[map], step));
        while self.done[task] < rows.min(height) {
            let next = self.done[task]..(self.done[task] + step).min(height);
            for (map, reach) in inputs {
                let needed = reach.needed(&next, self.heights[*map]).end;
                for writer in self.writers[*map].clone() {
                    self.advance(writer, needed);
                }
            }
            self.done[task] = next.end;
            self.turns.push(Turn { task, rows: next });
        }
    }
}

fn rows_in_memory(tasks: &[Task], heights: &[usize], turns: &[Turn]) -> Vec<usize> {
    let mut most = vec![0; heights.len()];
    let mut written = vec![0; heights.len()];
    // What each turn reads must not have been written over by then.
    for turn in turns {
        let task = &tasks[turn.task];
        for (map, reach) in &task.inputs {
            let needed = reach.needed(&turn.rows, heights[*map]);
            most[*map] = most[*map].max(written[*map] - needed.start.min(written[*map]));
        }
        if let Some((map, _)) = task.output {
            written[map] = written[map].max(turn.rows.end);
            most[map] = most[map].max(turn.rows.len());
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(inputs: &[(usize, Window)], output: usize, step: usize) -> Task {
        let inputs = inputs.iter().map(|&(map, window)| (map, Reach::Window(window))).collect();
        Task { inputs, output: Some((output, step)) }
    }

    /// A picture, two layers that halve it, one that looks at its neighbours, the same enlarged again with a sum, and all read.
    #[test]
    fn what_is_read_is_there_and_not_yet_written_over() {
        let window = |rows, stride, padding| Window { rows, columns: rows, stride, padding };
        let heights = [40, 20, 10, 10, 20];
        let enlarged = (3, Reach::Rows((0..20).map(|row| row / 2).collect()));
        for step in [1, 2, 4, 50] {
            let tasks = [
                task(&[], 0, step),
                task(&[(0, window(3, 2, 1))], 1, 1),
                task(&[(1, window(3, 2, 1))], 2, step),
                task(&[(2, window(7, 1, 3))], 3, 1),
                Task { inputs: vec![enlarged.clone(), (1, Reach::Window(Window::PIXEL))], output: Some((4, 2 * step)) },
                Task { inputs: vec![(4, Reach::All)], output: None },
            ];
            let Schedule { turns, rows } = schedule(&tasks, &heights);
            // The rows that lie in each place of a map's memory.
            let mut memory: Vec<Vec<Option<usize>>> = rows.iter().map(|&rows| vec![None; rows]).collect();
            for turn in &turns {
                for (map, reach) in &tasks[turn.task].inputs {
                    for row in reach.needed(&turn.rows, heights[*map]) {
                        assert_eq!(memory[*map][row % rows[*map]], Some(row), "{turn:?} with steps of {step}");
                    }
                }
                if let Some((map, _)) = tasks[turn.task].output {
                    turn.rows.clone().for_each(|row| memory[map][row % rows[map]] = Some(row));
                }
            }
            assert_eq!(turns.last().unwrap().task, tasks.len() - 1);
            assert_eq!(rows[4], heights[4], "it is read as a whole");
            assert!(step > 4 || rows[0] < 20, "and of the picture only some rows are kept: {}", rows[0]);
        }
    }
}
