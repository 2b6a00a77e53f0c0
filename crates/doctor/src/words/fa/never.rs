//! Persian: what the doctor never does, in the order of the English list.

/// The lines.
pub(super) const ALL: &[&str] = &[
    "kill -9؛ کشتن با نام، درگاه یا الگو؛ «کشتن زامبی‌ها»",
    "پاک کردن -wal، -shm، -journal یا postmaster.pid",
    "خاموش کردن synchronous یا fsync",
    "VACUUM FULL، REINDEX یا .recover در جا",
    "پاک کردن نشست‌های معتبر یا سطر هیچ کاربری",
    "بالا بردن یک مهلت و آن را تعمیر نامیدن",
    "پایین آوردن هزینهٔ هش گذرواژه",
    "راه دادن CORS به همه",
    "حذف جایگاه تکثیر",
    "راه‌اندازی دوباره برای دیدن این‌که کمک می‌کند یا نه",
    "نوشتن در پایگاه دادهٔ دیگران بی --apply",
    "باز کردن فایل SQLite در حال خدمت، از فرایند خدمت‌دهنده، بیرون از SQLite",
];
