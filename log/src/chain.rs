//! The rules by which frames follow one another: records out of frames that are sound.
//!
//! - Epochs are read in order, each the last + 1; of a large one all parts, one behind the other.
//! - A generation begins with a `Start`, and no other frame is one.
//! - Only at the beginning of the oldest segment left may an epoch lack its first parts; that one was released.
use crate::format::{Cut, FrameKind, Head};
use crate::record::{Kind, Record};
use crate::{Epoch, Position};

/// What was read last, and what may come.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// The last epoch that is known; none before the first frame of a log whose beginning was released.
    last: Option<Epoch>,
    /// The first epoch that was read whole.
    first: Option<Epoch>,
    parts: Parts,
    /// A generation has begun, and its `Start` comes next.
    starts: Option<Begun>,
    /// Behind the last write that was more than a `Seen`.
    pub(crate) solid: Position,
    /// The write of the last frame is a `Seen`.
    idle: bool,
    /// The largest `durable` of all frames.
    pub(crate) witnessed: Position,
    /// The last frame of more than witness was a `Stop`.
    pub(crate) stopped: bool,
}

/// The beginning of a generation.
#[derive(Clone, Copy, Debug)]
struct Begun {
    generation: u64,
    base: Position,
}

/// The parts of an epoch, so far.
#[derive(Debug, Default)]
enum Parts {
    #[default]
    None,
    Some(Epoch, Vec<u8>),
    /// Of an epoch whose first parts are gone.
    Released,
}

impl Chain {
    pub(crate) fn last(&self) -> Epoch {
        self.last.unwrap_or_default()
    }
    /// Whether a frame has told an epoch.
    pub(crate) fn knows_its_epoch(&self) -> bool {
        self.last.is_some()
    }
    pub(crate) fn first(&self) -> Option<Epoch> {
        self.first
    }

    /// A generation begins at this position.
    pub(crate) fn begin(&mut self, generation: u64, base: Position, oldest: bool) {
        // The oldest segment left need not be the first of its generation. Then its first frame says so.
        self.starts = Some(Begun { generation, base });
        if oldest {
            self.parts = Parts::Released;
            self.last = None;
        }
        (self.solid, self.idle) = (base, false);
        self.witnessed = self.witnessed.max(base);
        self.stopped = false;
    }

    /// The next frame; it stands at `at` and ends at `end`.
    pub(crate) fn take(
        &mut self,
        head: &Head,
        body: &[u8],
        at: Position,
        end: Position,
    ) -> Result<Option<Record>, String> {
        if head.durable > at {
            return Err(format!("a frame at position {at} says that {} was durable", head.durable));
        }
        let begun = self.starts.take();
        let oldest = matches!(self.parts, Parts::Released);
        if (head.kind == FrameKind::Start) != begun.is_some() && !(oldest && begun.is_some()) {
            return Err(format!("a frame of kind {:?} where none may be", head.kind));
        }
        if oldest && head.kind != FrameKind::Skip && !head.continued {
            self.parts = Parts::None;
        }
        self.witnessed = self.witnessed.max(head.durable);
        if head.kind != FrameKind::Skip {
            self.idle = head.kind == FrameKind::Seen;
        }
        if !self.idle {
            self.solid = end;
        }
        if !matches!(head.kind, FrameKind::Seen | FrameKind::Skip) {
            self.stopped = head.kind == FrameKind::Stop;
        }
        match head.kind {
            FrameKind::Start => self.start(head, body, begun),
            FrameKind::Part => self.part(head, body).map(|()| None),
            FrameKind::Epoch => self.seal(head, body),
            FrameKind::Outcome => self.outcome(head, body),
            FrameKind::Seen | FrameKind::Skip | FrameKind::Stop => self.idle(head),
        }
    }

    fn start(&mut self, head: &Head, body: &[u8], begun: Option<Begun>) -> Result<Option<Record>, String> {
        let begun = begun.ok_or("a start within a generation")?;
        let Some((cut, body)) = Cut::decode(body) else { return Err("a start without a cut".into()) };
        if cut.cut != begun.base || cut.end < cut.cut || cut.generation >= begun.generation {
            return Err(format!("a start with {cut:?} in {begun:?}"));
        }
        // What the last generation had begun is void.
        self.parts = Parts::None;
        self.same_epoch(head)?;
        Ok(Some(Record { kind: Kind::Start, epoch: head.epoch, body: body.to_vec() }))
    }

    fn part(&mut self, head: &Head, body: &[u8]) -> Result<(), String> {
        self.following(head)?;
        match &mut self.parts {
            Parts::None if !head.continued => self.parts = Parts::Some(head.epoch, body.to_vec()),
            Parts::Some(epoch, parts) if head.continued && *epoch == head.epoch => {
                parts.extend_from_slice(body)
            }
            Parts::Released => {}
            _ => return Err(format!("a part of epoch {} without its neighbour", head.epoch)),
        }
        Ok(())
    }

    fn seal(&mut self, head: &Head, body: &[u8]) -> Result<Option<Record>, String> {
        self.following(head)?;
        let body = match std::mem::take(&mut self.parts) {
            Parts::None if !head.continued => body.to_vec(),
            Parts::Some(epoch, mut parts) if head.continued && epoch == head.epoch => {
                parts.extend_from_slice(body);
                parts
            }
            Parts::Released => {
                self.last = Some(head.epoch);
                return Ok(None);
            }
            _ => return Err(format!("the end of epoch {} without its parts", head.epoch)),
        };
        self.last = Some(head.epoch);
        self.first = self.first.or(self.last);
        Ok(Some(Record { kind: Kind::Epoch, epoch: head.epoch, body }))
    }

    fn outcome(&mut self, head: &Head, body: &[u8]) -> Result<Option<Record>, String> {
        self.between_epochs(head)?;
        if self.last.is_some_and(|last| head.epoch > last) {
            return Err(format!("an outcome of epoch {} behind epoch {}", head.epoch, self.last()));
        }
        Ok(Some(Record { kind: Kind::Outcome, epoch: head.epoch, body: body.to_vec() }))
    }

    fn idle(&mut self, head: &Head) -> Result<Option<Record>, String> {
        if head.kind != FrameKind::Skip {
            self.between_epochs(head)?;
        }
        self.same_epoch(head)?;
        let stop = || Record { kind: Kind::Stop, epoch: head.epoch, body: Vec::new() };
        Ok((head.kind == FrameKind::Stop).then(stop))
    }

    /// Its epoch is the one that comes next.
    fn following(&mut self, head: &Head) -> Result<(), String> {
        let last = *self.last.get_or_insert(Epoch(head.epoch.0.saturating_sub(1)));
        if last.0.checked_add(1) == Some(head.epoch.0) {
            return Ok(());
        }
        Err(format!("epoch {} behind epoch {last}", head.epoch))
    }

    /// Its epoch is the one that was last.
    fn same_epoch(&mut self, head: &Head) -> Result<(), String> {
        let last = *self.last.get_or_insert(head.epoch);
        if last == head.epoch {
            return Ok(());
        }
        Err(format!("a frame that knows of epoch {} behind epoch {last}", head.epoch))
    }

    fn between_epochs(&mut self, head: &Head) -> Result<(), String> {
        match &self.parts {
            Parts::Some(epoch, _) => Err(format!("a frame of kind {:?} within epoch {epoch}", head.kind)),
            _ => Ok(()),
        }
    }
}
