//! What to do with a message.
use crate::base::emitted::Emitted;
use crate::base::error::Error;
use crate::base::ids::{Phase, Time, TxnId};
use crate::entity::run::outgoing::CallKind;
use crate::execute::Executor;
use crate::execute::message::{CallMessage, Message, ReturnMessage};
use smallvec::SmallVec;

impl Executor {
    /// Takes a message about the phase that its epoch is in.
    pub(super) fn receive(&mut self, at: Time, message: Message) {
        match message {
            Message::Call(called) if called.outgoing.kind == CallKind::Scout => self.scout_call(*called),
            Message::Call(called) => self.call(at, *called),
            Message::Result(returned) if returned.touched.is_some() => self.scout_return(*returned),
            Message::Result(returned) => self.returned(*returned),
            Message::Grant { txn, loans } => match self.active.find(txn) {
                Some(active) => self.granted(active, loans),
                None => self.not_active(at, txn, Message::Grant { txn, loans }),
            },
            Message::Return { txn, loans } => match self.active.find(txn) {
                Some(active) => self.given_back(active, loans),
                None => self.not_active(at, txn, Message::Return { txn, loans }),
            },
            Message::Demand { txn, from, demand } if at.phase == Phase::SCOUT => {
                self.scout_demands(at, txn, from, demand);
            }
            Message::Demand { txn, from, demand } => match self.active.find(txn) {
                Some(active) => self.demanded(active, from, demand),
                None => self.not_active(at, txn, Message::Demand { txn, from, demand }),
            },
            Message::Lent(lent) if at.phase == Phase::SCOUT => self.scout_has(*lent),
            Message::Lent(lent) => self.lent(*lent),
            Message::Ack { txn, number, result } => self.acknowledged(txn, number, result),
            Message::End { txn, commit } => match self.active.find(txn) {
                Some(active) => self.over(active, commit),
                None => self.not_active(at, txn, Message::End { txn, commit }),
            },
            Message::Scouted { txn, own } => {
                self.epochs[at.epoch].shares.insert(txn, *own);
            }
            Message::Mispredicted { txn, own } => {
                self.epochs[at.epoch].mispredicted.insert(txn, *own);
            }
        }
    }

    fn call(&mut self, at: Time, called: CallMessage) {
        let txn = called.txn;
        let Some(active) = self.active.find(txn) else {
            return self.not_active(at, txn, Message::call(called));
        };
        let waiting = &mut self.active[active];
        if waiting.waiting > 0 {
            waiting.held.push_back(called);
        } else {
            self.call_running(active, txn, called);
        }
    }

    /// A message for a transaction that is not admitted yet, is over, or was never expected here.
    fn not_active(&mut self, at: Time, txn: TxnId, message: Message) {
        let epoch = &self.epochs[at.epoch];
        match (epoch.find(txn), message) {
            (Some(place), Message::Grant { loans, .. }) => {
                assert!(place >= epoch.cursor, "a transaction is not over before it has its grants");
                self.active.granted_early(txn, loans);
            }
            (None, Message::Grant { .. }) => unreachable!("nothing is lent to a worker that is no home"),
            (None, Message::Return { .. } | Message::Demand { .. }) => {
                unreachable!("a lender has a part in the transaction")
            }
            (Some(place), message) if place >= epoch.cursor => {
                if let Message::Return { loans, .. } = &message {
                    assert!(loans.is_empty(), "who has lent something waits for it");
                }
                // One, mostly.
                self.early.entry(txn).or_insert_with(|| Vec::with_capacity(1)).push(message);
            }
            (None, Message::Call(called)) => self.refuse(at, *called),
            _ => {}
        }
    }

    /// The callee's worker was not among those that the transaction named.
    fn refuse(&mut self, at: Time, called: CallMessage) {
        let CallMessage { txn, from, outgoing, .. } = called;
        let error = match outgoing.call.open(&self.worker) {
            (Ok(call), _) => call.unplanned(self.worker.index),
            (Err(error), _) => error,
        };
        let message = match outgoing.kind {
            CallKind::OneWay | CallKind::Last => {
                Message::Ack { txn, number: from.number, result: Err(error) }
            }
            CallKind::Await | CallKind::Scout => {
                let value = Err(error);
                Message::result(ReturnMessage { txn, to: from, value, emitted: None, touched: None })
            }
        };
        self.send(at, from.worker, message);
    }

    fn returned(&mut self, returned: ReturnMessage) {
        let ReturnMessage { txn, to, value, emitted, .. } = returned;
        // Its transaction may have ended without it.
        let Some(active) = self.active.find(txn) else { return };
        emitted.into_iter().for_each(|emitted| self.active[active].running.emit(*emitted));
        self.worker.deliver(to.number, value);
        self.resume(active, to.task as usize);
        drop(self.worker.receive(to.number));
    }

    fn acknowledged(&mut self, txn: TxnId, number: u32, result: Result<Option<Box<Emitted>>, Error>) {
        let Some(at) = self.active.find(txn) else { return };
        let active = &mut self.active[at];
        assert!(active.running.outstanding > 0, "a one-way call is acknowledged once");
        active.running.outstanding -= 1;
        match result {
            Ok(emitted) => emitted.into_iter().for_each(|emitted| active.running.emit(*emitted)),
            // The first in the order of the program is the one that happened.
            Err(error) if active.running.failed.as_ref().is_none_or(|first| number < first.0) => {
                active.running.failed = Some(Box::new((number, error)));
            }
            Err(_) => {}
        }
        if active.running.outstanding == 0 {
            let slots: SmallVec<[usize; 4]> = active.tasks.iter().map(|(slot, _)| slot).collect();
            for slot in slots {
                if self.active.find(txn) == Some(at) {
                    self.resume(at, slot);
                }
            }
        }
    }
}
