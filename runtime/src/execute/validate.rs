//! Whether an epoch that may be undone stands, and what to do when it does not.
use crate::base::ids::{Phase, Time, TxnId, narrow};
use crate::base::location::worker_number;
use crate::execute::Executor;
use crate::execute::admit::RootOf;
use crate::execute::epoch::Guess;
use crate::execute::message::{Message, Own};
use crate::methods::counts::Count;

/// After this phase mispredictions are no longer retried one by one: all transactions of the epoch whose plans are not sure get all workers:
/// each attempt can bring to light only one more that is wrong, and there may be thousands.
const LAST_GUESSING_PHASE: u16 = Phase::EXECUTE.0 + 2;

impl Executor {
    /// A transaction that started here has touched an entity without a ticket; its owner is known.
    pub(super) fn mispredicted(&mut self, txn: TxnId, root: RootOf, owner: usize) {
        let peers = narrow(self.worker.peers);
        let epoch = &mut self.epochs[txn.epoch];
        if !epoch.undoable {
            return; // it has been answered as a mistake of ours
        }
        let method = epoch.call(root).0.method();
        let guess = epoch.guesses.entry(txn).or_insert_with(|| {
            // It had a static plan, of which its arguments showed less than it touches. Its tickets are where they are: it
            // gets all workers.
            self.methods.missed(method);
            Guess { method, workers: (0..peers).collect(), mispredicted: 0 }
        });
        guess.mispredicted += 1;
        guess.workers.insert(narrow(owner));
        if guess.mispredicted > 1 {
            guess.workers.extend(0..peers);
        }
        if guess.mispredicted == 1 {
            self.methods.count(guess.method, self.worker.index, Count::Tail, 1);
        }
        // At home: what it touches elsewhere is lent to it or called there.
        let me = worker_number(self.worker.index);
        let all = Own::wholes(&self.worker.groups.whole(txn, me, &guess.workers));
        let at = Time { epoch: txn.epoch, phase: epoch.phase };
        self.marks.wrong(at.epoch, at.phase);
        for (to, own) in all {
            if to == u32::from(me) {
                self.epochs[at.epoch].mispredicted.insert(txn, own);
            } else {
                self.send(at, to, Message::Mispredicted { txn, own: Box::new(own) });
            }
        }
    }

    /// All transactions of an attempt are over everywhere: it stands, or is undone and made again.
    pub(super) fn settle(&mut self, number: u64) {
        let epoch = &mut self.epochs[number];
        let stands = self.marks.stands(number, epoch.phase);
        assert!(!stands || epoch.mispredicted.is_empty(), "an attempt with a misprediction does not stand");
        let undo_log = std::mem::take(&mut epoch.undo_log);
        self.worker.settle(undo_log.into_iter(), stands);
        if stands {
            let mut epoch = self.epochs.take(number);
            for root in epoch.roots() {
                let (request, index) = epoch.call(root);
                request.release(index, &self.worker);
            }
            epoch.parcels.iter().flat_map(|parcel| &parcel.looks).for_each(|look| look(&self.worker));
            return;
        }
        for root in epoch.roots() {
            let method = epoch.call(root).0.method();
            self.methods.count(method, self.worker.index, Count::Undone, 1);
        }
        epoch.shares.append(&mut epoch.mispredicted);
        let phase = epoch.phase.next();
        if phase.0 <= LAST_GUESSING_PHASE {
            return self.begin(number, phase);
        }
        // A sure plan that is wrong is a mistake of ours; what becomes of it is answered, and ends.
        let all = phase.0 > LAST_GUESSING_PHASE + 2;
        self.regroup(number, all);
    }
}
