//! Which of the segments in a directory are the log.
//!
//! A directory may forget: a sync of it fails, the next one says nothing about what that one was for, and the power goes. So
//! between segments that are there, one may be missing that is not needed:
//!
//! - one that was released. The removal of an older one has come back, and stands before the gap.
//! - one that was made ahead and had no frame. A further one that was made ahead stands behind the gap.
use crate::Position;
use crate::disk::Disk;
use crate::error::Result;
use crate::format::BLOCK;
use crate::read::later_witness;
use crate::segment;

/// See the module.
pub(crate) struct Found {
    /// The log, without a gap.
    pub(crate) numbers: Vec<u64>,
    /// What stands before a gap. It was released if the log has all that its user needs; if not, a segment is missing.
    pub(crate) released: Vec<u64>,
    /// What was made ahead, and stands behind a gap.
    pub(crate) leftover: Vec<u64>,
    /// Everything below was durable, as those know that were made ahead.
    pub(crate) durable: Position,
}

/// Sorts the segments with these numbers, which are in order.
///
/// # Errors
/// When one behind a gap cannot be read.
pub(crate) fn found<D: Disk>(disk: &D, mut numbers: Vec<u64>) -> Result<Found> {
    let (mut leftover, mut durable) = (Vec::new(), Position(0));
    while let Some(behind) = last_gap(&numbers) {
        let Some(known) = made_ahead(disk, &numbers[behind..])? else { break };
        durable = durable.max(known);
        leftover.extend(numbers.drain(behind..));
    }
    let released = last_gap(&numbers).map_or_else(Vec::new, |behind| numbers.drain(..behind).collect());
    Ok(Found { numbers, released, leftover, durable })
}

/// The index behind the last gap, if there is one.
fn last_gap(numbers: &[u64]) -> Option<usize> {
    numbers.windows(2).rposition(|pair| pair[1] != pair[0] + 1).map(|before| before + 1)
}

/// The position below which segments without a frame know that everything was durable; none if one has a frame.
fn made_ahead<D: Disk>(disk: &D, numbers: &[u64]) -> Result<Option<Position>> {
    let (mut durable, mut bytes) = (Position(0), Vec::new());
    for number in numbers {
        let header = segment::load(disk, *number, &mut bytes)?;
        let (_, has_remains) = later_witness(&bytes, &header, BLOCK);
        if has_remains {
            return Ok(None);
        }
        durable = durable.max(header.durable);
    }
    Ok(Some(durable))
}

#[cfg(test)]
mod tests {
    use super::last_gap;

    #[test]
    fn the_last_gap_counts() {
        assert_eq!([last_gap(&[]), last_gap(&[4]), last_gap(&[4, 5, 6])], [None; 3]);
        assert_eq!([last_gap(&[1, 3, 4]), last_gap(&[1, 3, 5])], [Some(1), Some(2)]);
    }
}
