//! QR posts and their labels.
