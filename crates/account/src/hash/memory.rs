//! A hashing thread's memory: mapped by itself, on huge pages where the kernel has them.
//!
//! Argon2 walks its memory at random, so with pages of 4 KiB it pays for address translation: 4 to
//! 6 % of a hash were measured. The process' allocator is told to do without huge pages, because
//! they would triple the memory of an idle server; this one mapping asks for them.

use std::ptr::NonNull;

use argon2::Block;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

/// A private mapping of so many blocks, all zero at first. It is given back when dropped.
pub(super) struct Memory {
    start: NonNull<Block>,
    blocks: usize,
}

// SAFETY: the mapping belongs to this value alone, and a `Block` is plain numbers.
unsafe impl Send for Memory {}

impl Memory {
    /// Maps memory for `blocks` blocks of 1 KiB.
    ///
    /// # Errors
    /// What the kernel said when it has none.
    pub(super) fn map(blocks: usize) -> Result<Self, rustix::io::Errno> {
        let bytes = blocks.saturating_mul(size_of::<Block>()).max(size_of::<Block>());
        // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
        let start = unsafe {
            mmap_anonymous(
                std::ptr::null_mut(),
                bytes,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::PRIVATE,
            )
        }?;
        // SAFETY: the range is the mapping just made, and the advice leaves its content alone. A
        // kernel without huge pages refuses the advice, and the memory serves as well without.
        let advised = unsafe { madvise(start, bytes, Advice::LinuxHugepage) };
        if let Err(error) = advised {
            tracing::debug!(%error, "no huge pages for hashing");
        }
        // A mapping begins on a page, so a block's alignment of 64 bytes is kept.
        let start = NonNull::new(start.cast::<Block>()).ok_or(rustix::io::Errno::NOMEM)?;
        Ok(Self { start, blocks: blocks.max(1) })
    }

    /// The blocks.
    pub(super) const fn blocks_mut(&mut self) -> &mut [Block] {
        // SAFETY: the mapping holds `blocks` blocks, is zeroed by the kernel (all zero is a valid
        // block of numbers), lives as long as `self`, and `&mut self` makes this the only view.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.blocks) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let bytes = self.blocks * size_of::<Block>();
        // SAFETY: the mapping is ours, whole, and nobody can look at it any more.
        let unmapped = unsafe { munmap(self.start.as_ptr().cast(), bytes) };
        if let Err(error) = unmapped {
            tracing::error!(%error, "the hashing memory could not be given back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_zero_at_first_writable_to_its_end_and_aligned() {
        let mut memory = Memory::map(3).expect("three blocks");
        let blocks = memory.blocks_mut();
        assert_eq!(blocks.len(), 3);
        assert!(blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        assert_eq!(blocks.as_ptr().addr() % align_of::<Block>(), 0);
        blocks[2].as_mut()[127] = 7;
        assert_eq!(memory.blocks_mut()[2].as_ref()[127], 7);
    }
}
