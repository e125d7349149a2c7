//! What goes out: every export's outputs, checked before its body runs and written after it.
//!
//! Nothing is written before the body has ended, so inputs and outputs may overlap. Outputs may not overlap each other.

use core::{cell::Cell, marker::PhantomData, ops::Range, ptr};

use crate::{
    boundary::guarded,
    content::{Content, len},
    handle::{Opaque, insert},
    status::{Failure, OK, Result, tenantseal_status},
};

/// Runs the body of an export and hands out what it returns.
///
/// # Safety
///
/// Every pointer in `outputs` is NULL or good for writes of what it is to hold.
pub(crate) unsafe fn call<O: Output>(
    outputs: O,
    body: impl FnOnce() -> Result<O::Value>,
) -> tenantseal_status {
    let outcome = check(&outputs).and_then(|()| guarded(body)).and_then(|value| {
        if !outputs.fits(&value) {
            return Err(Failure::BufferTooSmall);
        }
        // SAFETY: the caller's promise; NULL and what does not fit were refused.
        guarded(|| unsafe { outputs.write(value) })
    });
    let Err(failure) = outcome else { return OK };
    // SAFETY: the caller's promise.
    unsafe { outputs.fail(failure) };
    failure.status()
}

/// One output, or several.
pub(crate) trait Output {
    /// What the body returns for it.
    type Value;

    /// # Errors
    ///
    /// [`Failure::Argument`] for a pointer that must not be NULL, or a capacity that no object can have.
    fn check(&self) -> Result<()>;

    /// Shows where it will be written.
    fn ranges(&self, show: &mut dyn FnMut(Range<usize>));

    /// Whether there is room for it. An output that has a capacity keeps in mind what is needed.
    fn fits(&self, _: &Self::Value) -> bool {
        true
    }

    /// Writes it.
    ///
    /// # Safety
    ///
    /// As [`call`]; [`Output::check`] and [`Output::fits`] have agreed.
    unsafe fn write(&self, value: Self::Value) -> Result<()>;

    /// Writes 0 or NULL, or the length that is needed, where there is a pointer to it.
    ///
    /// # Safety
    ///
    /// As [`call`].
    unsafe fn fail(&self, failure: Failure);
}

fn check(outputs: &impl Output) -> Result<()> {
    outputs.check()?;
    // There are four at most, so each is compared with each.
    let mut overlap = false;
    outputs.ranges(&mut |one| {
        let mut met = 0;
        outputs.ranges(&mut |other| met += u8::from(one.start.max(other.start) < one.end.min(other.end)));
        // Every range that is not empty meets itself.
        overlap |= met > 1;
    });
    if overlap { Err(Failure::Argument) } else { Ok(()) }
}

/// The addresses of `count` items.
fn range<T>(pointer: *mut T, count: usize) -> Range<usize> {
    let start = pointer.addr();
    start..start.saturating_add(count.saturating_mul(size_of::<T>()))
}

/// # Safety
///
/// `pointer` is NULL or good for a write. It need not be aligned.
unsafe fn put<T>(pointer: *mut T, value: T) {
    if !pointer.is_null() {
        // SAFETY: the caller's promise.
        unsafe { pointer.write_unaligned(value) };
    }
}

/// # Safety
///
/// `pointer` is good for writes of as many items. It need not be aligned.
unsafe fn put_all<T: Copy>(pointer: *mut T, items: &[T]) {
    for (at, item) in items.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe { put(pointer.wrapping_add(at), *item) };
    }
}

/// `(out, out_cap, out_len)`: bytes in a buffer of the caller's.
pub(crate) struct Buffer<V> {
    room: Room<u8>,
    value: PhantomData<V>,
}

impl<V> Buffer<V> {
    pub(crate) fn new(out: *mut u8, cap: usize, len: *mut usize) -> Self {
        Self::with_room(out, cap, len, 0)
    }

    /// A buffer of a body that must not run in vain, and so answers [`Failure::BufferTooSmall`] by itself where there is
    /// no room for `least` bytes.
    pub(crate) fn with_room(out: *mut u8, cap: usize, len: *mut usize, least: usize) -> Self {
        Self { room: Room { out, cap, len, needed: Cell::new(least) }, value: PhantomData }
    }
}

impl<V: Content> Output for Buffer<V> {
    type Value = V;

    fn check(&self) -> Result<()> {
        self.room.check()
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        self.room.ranges(show);
    }

    fn fits(&self, value: &V) -> bool {
        self.room.fits(len(value))
    }

    unsafe fn write(&self, value: V) -> Result<()> {
        let mut at = 0usize;
        value.each(&mut |part| {
            // SAFETY: `fits` has agreed, so the parts end within the buffer, and none of them is part of it.
            unsafe { ptr::copy_nonoverlapping(part.as_ptr(), self.room.out.wrapping_add(at), part.len()) };
            at += part.len();
        });
        // SAFETY: the caller's promise.
        unsafe { put(self.room.len, at) };
        Ok(())
    }

    unsafe fn fail(&self, failure: Failure) {
        // SAFETY: the caller's promise.
        unsafe { self.room.fail(failure) };
    }
}

/// A place for several items, how many it has room for, and where to say how many there are.
struct Room<T> {
    out: *mut T,
    cap: usize,
    len: *mut usize,
    /// How many items there must be room for, as far as that is known.
    needed: Cell<usize>,
}

impl<T> Room<T> {
    fn check(&self) -> Result<()> {
        let size = self.cap.checked_mul(size_of::<T>()).ok_or(Failure::Argument)?;
        let sound = !self.len.is_null()
            && (self.cap == 0 || !self.out.is_null())
            && isize::try_from(size).is_ok()
            && self.out.addr().checked_add(size).is_some();
        if sound { Ok(()) } else { Err(Failure::Argument) }
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        show(range(self.out, self.cap));
        show(range(self.len, 1));
    }

    fn fits(&self, count: usize) -> bool {
        self.needed.set(count);
        count <= self.cap
    }

    /// # Safety
    ///
    /// As [`call`].
    unsafe fn fail(&self, failure: Failure) {
        let needed = if failure == Failure::BufferTooSmall { self.needed.get() } else { 0 };
        // SAFETY: the caller's promise.
        unsafe { put(self.len, needed) };
    }
}

/// `(out, out_cap, out_len)`, counted in items of `T`.
pub(crate) struct Array<T>(Room<T>);

impl<T> Array<T> {
    pub(crate) fn new(out: *mut T, cap: usize, len: *mut usize) -> Self {
        Self(Room { out, cap, len, needed: Cell::new(0) })
    }
}

impl<T: Copy> Output for Array<T> {
    type Value = Vec<T>;

    fn check(&self) -> Result<()> {
        self.0.check()
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        self.0.ranges(show);
    }

    fn fits(&self, value: &Vec<T>) -> bool {
        self.0.fits(value.len())
    }

    unsafe fn write(&self, value: Vec<T>) -> Result<()> {
        // SAFETY: the caller's promise, and `fits` has agreed.
        unsafe {
            put_all(self.0.out, &value);
            put(self.0.len, value.len());
        }
        Ok(())
    }

    unsafe fn fail(&self, failure: Failure) {
        // SAFETY: the caller's promise.
        unsafe { self.0.fail(failure) };
    }
}

/// As many items as the caller has said there are.
pub(crate) struct Items<T> {
    pub(crate) out: *mut T,
    pub(crate) count: usize,
}

impl<T: Copy> Output for Items<T> {
    type Value = Vec<T>;

    fn check(&self) -> Result<()> {
        let size = self.count.checked_mul(size_of::<T>()).and_then(|size| isize::try_from(size).ok());
        let end = size.and_then(|size| self.out.addr().checked_add_signed(size));
        if self.out.is_null() || end.is_none() { Err(Failure::Argument) } else { Ok(()) }
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        show(range(self.out, self.count));
    }

    fn fits(&self, value: &Vec<T>) -> bool {
        value.len() == self.count
    }

    unsafe fn write(&self, value: Vec<T>) -> Result<()> {
        // SAFETY: the caller's promise, and `fits` has agreed.
        unsafe { put_all(self.out, &value) };
        Ok(())
    }

    unsafe fn fail(&self, _: Failure) {}
}

/// A number that is written whether or not the call succeeds: what the body has put into the cell.
pub(crate) struct Detail<'a, T>(pub(crate) *mut T, pub(crate) &'a Cell<T>);

impl<T: Copy> Output for Detail<'_, T> {
    type Value = ();

    fn check(&self) -> Result<()> {
        if self.0.is_null() { Err(Failure::Argument) } else { Ok(()) }
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        show(range(self.0, 1));
    }

    unsafe fn write(&self, (): ()) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { put(self.0, self.1.get()) };
        Ok(())
    }

    unsafe fn fail(&self, _: Failure) {
        // SAFETY: the caller's promise.
        unsafe { put(self.0, self.1.get()) };
    }
}

/// One number.
pub(crate) struct Scalar<T>(pub(crate) *mut T);

impl<T: Copy + Default> Output for Scalar<T> {
    type Value = T;

    fn check(&self) -> Result<()> {
        if self.0.is_null() { Err(Failure::Argument) } else { Ok(()) }
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        show(range(self.0, 1));
    }

    unsafe fn write(&self, value: T) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { put(self.0, value) };
        Ok(())
    }

    unsafe fn fail(&self, _: Failure) {
        // SAFETY: the caller's promise.
        unsafe { put(self.0, T::default()) };
    }
}

/// A new object, as its handle.
pub(crate) struct Handle<H: Opaque>(pub(crate) *mut *mut H);

impl<H: Opaque> Output for Handle<H> {
    type Value = H::Object;

    fn check(&self) -> Result<()> {
        if self.0.is_null() { Err(Failure::Argument) } else { Ok(()) }
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        show(range(self.0, 1));
    }

    unsafe fn write(&self, object: H::Object) -> Result<()> {
        let handle = insert::<H>(object);
        // SAFETY: the caller's promise.
        unsafe { put(self.0, handle.unwrap_or(ptr::null_mut())) };
        handle.map(drop)
    }

    unsafe fn fail(&self, _: Failure) {
        // SAFETY: the caller's promise.
        unsafe { put(self.0, ptr::null_mut()) };
    }
}

/// A new object, as its handle, or NULL where the body made none.
pub(crate) struct OptionalHandle<H: Opaque>(pub(crate) *mut *mut H);

impl<H: Opaque> Output for OptionalHandle<H> {
    type Value = Option<H::Object>;

    fn check(&self) -> Result<()> {
        Handle(self.0).check()
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        Handle(self.0).ranges(show);
    }

    unsafe fn write(&self, object: Option<H::Object>) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe {
            match object {
                Some(object) => Handle(self.0).write(object),
                None => {
                    put(self.0, ptr::null_mut());
                    Ok(())
                }
            }
        }
    }

    unsafe fn fail(&self, failure: Failure) {
        // SAFETY: the caller's promise.
        unsafe { Handle(self.0).fail(failure) };
    }
}

/// No output.
impl Output for () {
    type Value = ();

    fn check(&self) -> Result<()> {
        Ok(())
    }

    fn ranges(&self, _: &mut dyn FnMut(Range<usize>)) {}

    unsafe fn write(&self, (): ()) -> Result<()> {
        Ok(())
    }

    unsafe fn fail(&self, _: Failure) {}
}

/// Two outputs: both or none.
impl<A: Output, B: Output> Output for (A, B) {
    type Value = (A::Value, B::Value);

    fn check(&self) -> Result<()> {
        self.0.check().and(self.1.check())
    }

    fn ranges(&self, show: &mut dyn FnMut(Range<usize>)) {
        self.0.ranges(show);
        self.1.ranges(show);
    }

    fn fits(&self, (a, b): &Self::Value) -> bool {
        // Both, so that both know what is needed.
        self.0.fits(a) & self.1.fits(b)
    }

    unsafe fn write(&self, (a, b): Self::Value) -> Result<()> {
        // SAFETY: the caller's promise, and both have agreed.
        unsafe { self.0.write(a).and(self.1.write(b)) }
    }

    unsafe fn fail(&self, failure: Failure) {
        // SAFETY: the caller's promise.
        unsafe {
            self.0.fail(failure);
            self.1.fail(failure);
        }
    }
}
