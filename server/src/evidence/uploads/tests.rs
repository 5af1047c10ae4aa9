//! The spool on a real disk: whatever breaks, what is told is what is there.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use super::spool::{Ended, Refused, Spool};
use super::tus::Checksum;

const PHOTO: &[u8] = b"\xFF\xD8\xFF\xE0 a photo of a field, in forty-odd bytes \xFF\xD9";
const ID: &str = "0193b8a0-0000-7000-8000-000000000001";
const LONG: Duration = Duration::from_secs(60);

/// The bytes one by one, then a broken connection.
fn cut(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, &'static str>> {
    stream::iter(bytes.to_vec()).map(|byte| Ok(Bytes::from(vec![byte]))).chain(stream::iter([Err("cut")]))
}

fn whole(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter([Ok(Bytes::copy_from_slice(bytes))])
}

async fn spool() -> (Spool, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::new(folder.path());
    spool.create(ID).await.unwrap();
    (spool, folder)
}

#[tokio::test]
async fn a_cut_at_any_byte_is_gone_on_from() {
    for at in 0..=PHOTO.len() {
        let (spool, folder) = spool().await;
        let mut claim = spool.claim(ID).await.ok().unwrap();
        let room = PHOTO.len() as u64;
        assert_eq!(claim.append(cut(&PHOTO[..at]), room, LONG, None).await.unwrap(), Ended::Cut);
        drop(claim);
        // As after a restart: another spool on the same folder.
        let spool = Spool::new(folder.path());
        let mut claim = spool.claim(ID).await.ok().unwrap();
        assert_eq!(claim.length(), at as u64);
        let room = room - claim.length();
        let ended = claim.append(whole(&PHOTO[at..]), room, LONG, None).await.unwrap();
        assert_eq!((ended, claim.length()), (Ended::Complete, PHOTO.len() as u64));
        assert_eq!(claim.whole().await.unwrap().0, PHOTO);
    }
}

#[tokio::test]
async fn more_than_was_declared_is_not_written() {
    let (spool, _folder) = spool().await;
    let mut claim = spool.claim(ID).await.ok().unwrap();
    assert_eq!(claim.append(whole(PHOTO), 10, LONG, None).await.unwrap(), Ended::TooLong);
    assert_eq!(claim.length(), 0);
}

#[tokio::test]
async fn silence_ends_a_piece_and_keeps_it() {
    let (spool, _folder) = spool().await;
    let mut claim = spool.claim(ID).await.ok().unwrap();
    let silent = whole(&PHOTO[..9]).chain(stream::pending());
    let ended = claim.append(silent, 100, Duration::from_millis(20), None).await.unwrap();
    assert_eq!((ended, claim.length()), (Ended::Idle, 9));
}

#[tokio::test]
async fn who_comes_back_takes_over_from_his_dead_connection() {
    let (spool, _folder) = spool().await;
    let mut old = spool.claim(ID).await.ok().unwrap();
    let dead = tokio::spawn(async move {
        let silent = whole(&PHOTO[..9]).chain(stream::pending());
        old.append(silent, 100, LONG, None).await.unwrap()
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    let new = spool.claim(ID).await.ok().unwrap();
    assert_eq!(new.length(), 9);
    assert_eq!(dead.await.unwrap(), Ended::Interrupted);
}

#[tokio::test]
async fn a_damaged_piece_leaves_nothing_and_a_cut_one_cannot_be_confirmed() {
    let (spool, _folder) = spool().await;
    let mut claim = spool.claim(ID).await.ok().unwrap();
    claim.append(whole(&PHOTO[..9]), 100, LONG, None).await.unwrap();
    let checksum = || {
        let mut headers = axum::http::HeaderMap::new();
        let field = axum::http::HeaderValue::from_static("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
        headers.insert("upload-checksum", field);
        Checksum::read(&headers).unwrap()
    };
    let damaged = claim.append(whole(b"hello World"), 100, LONG, checksum()).await.unwrap();
    assert_eq!((damaged, claim.length()), (Ended::Damaged, 9));
    let broken = claim.append(cut(b"hello"), 100, LONG, checksum()).await.unwrap();
    assert_eq!((broken, claim.length()), (Ended::Cut, 9));
    let good = claim.append(whole(b"hello world"), 100, LONG, checksum()).await.unwrap();
    assert_eq!((good, claim.length()), (Ended::Complete, 20));
}

#[tokio::test]
async fn a_deleted_file_is_missing_for_those_who_wait() {
    let (spool, _folder) = spool().await;
    let claim = spool.claim(ID).await.ok().unwrap();
    let waiting = tokio::spawn({
        let spool = spool.clone();
        async move { matches!(spool.claim(ID).await, Err(Refused::Missing)) }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    claim.delete().await.unwrap();
    assert!(waiting.await.unwrap());
    assert!(spool.ids().await.unwrap().is_empty());
}
