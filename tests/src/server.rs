//! The running program.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::site::objects;
use crate::{Account, Api, Backend, Demo, Site};

/// A serving process and the place it serves; killed when dropped.
pub struct Server {
    /// Where it lives; other commands of the program may run there at the same time.
    pub site: Site,
    process: Process,
}

/// Where a process listens.
#[derive(Clone, Debug)]
struct Ports {
    http: SocketAddr,
    metrics: SocketAddr,
    coap: SocketAddr,
}

impl Ports {
    fn free() -> Self {
        Self { http: free_port(), metrics: free_port(), coap: free_port() }
    }
}

impl Server {
    /// Serves an empty place.
    pub fn start(backend: Backend) -> Self {
        Self::at(Site::new(backend))
    }

    /// Serves the demo city.
    pub fn demo(backend: Backend) -> (Self, Demo) {
        let (site, told) = Site::demo(backend);
        (Self::at(site), Demo::told(&objects(&told)))
    }

    /// Serves a place that a story has prepared.
    pub fn at(site: Site) -> Self {
        let process = Process::ready(&site, None);
        Self { site, process }
    }

    /// `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.process.url
    }

    /// `http://127.0.0.1:<port>` of the metrics listener.
    pub fn metrics_url(&self) -> &str {
        &self.process.metrics_url
    }

    /// Where the server listens for CoAP.
    pub fn coap(&self) -> SocketAddr {
        self.process.ports.coap
    }

    /// Speaks to the server as nobody.
    pub fn anonymous(&self) -> Api {
        Api::anonymous(self.url())
    }

    /// Speaks to the server as somebody.
    pub fn login(&self, account: &Account) -> Api {
        Api::login(self.url(), account)
    }

    /// One more process on the same place, as on a cluster of servers; returns its URL with a guard.
    pub fn another(&self) -> Process {
        Process::ready(&self.site, None)
    }

    /// Kills the process as a power cut would (SIGKILL).
    pub fn kill_hard(&mut self) {
        self.process.kill();
    }

    /// Asks the process to end (SIGTERM) and waits for it.
    pub fn stop(&mut self) -> ExitStatus {
        self.process.stop()
    }

    /// Starts a process again, on the same ports; kills the one before if it still runs.
    pub fn restart(&mut self) {
        self.process.kill();
        self.process = Process::ready(&self.site, Some(self.process.ports.clone()));
    }

    /// Kills the process and serves another place on the same ports.
    pub fn move_to(&mut self, site: Site) {
        self.process.kill();
        self.site = site;
        self.restart();
    }
}

/// One serving process; killed when dropped.
pub struct Process {
    child: Child,
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    metrics_url: String,
    ports: Ports,
}

impl Process {
    /// Starts several processes on one place at the same moment and waits until each is ready.
    pub fn start_together(site: &Site, count: usize) -> Vec<Self> {
        let mut started: Vec<_> = (0..count).map(|_| Self::spawn(site, Ports::free())).collect();
        for process in &mut started {
            process.wait_ready(site).unwrap_or_else(|error| panic!("{error}"));
        }
        started
    }

    fn ready(site: &Site, ports: Option<Ports>) -> Self {
        // Between looking for a free port and listening on it another program may have taken it.
        let mut failure = String::new();
        for _ in 0..3 {
            let mut process = Self::spawn(site, ports.clone().unwrap_or_else(Ports::free));
            match process.wait_ready(site) {
                Ok(()) => return process,
                Err(error) => failure = error,
            }
        }
        panic!("{failure}");
    }

    fn spawn(site: &Site, ports: Ports) -> Self {
        let log = File::options().create(true).append(true).open(site.path("serve.log")).expect("a log");
        let errors = log.try_clone().expect("a second handle");
        let child = site
            .command(["serve"])
            .env("GENGWEI_LISTEN", ports.http.to_string())
            .env("GENGWEI_METRICS_LISTEN", ports.metrics.to_string())
            .env("GENGWEI_COAP_LISTEN", ports.coap.to_string())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("the program can be started");
        let (url, metrics_url) = (format!("http://{}", ports.http), format!("http://{}", ports.metrics));
        Self { child, url, metrics_url, ports }
    }

    fn wait_ready(&mut self, site: &Site) -> Result<(), String> {
        let started = Instant::now();
        let log = || std::fs::read_to_string(site.path("serve.log")).unwrap_or_default();
        while started.elapsed() < Duration::from_secs(60) {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("the server ended with {status}:\n{}", log()));
            }
            let answer = reqwest::blocking::get(format!("{}/readyz", self.url));
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            sleep(Duration::from_millis(50));
        }
        Err(format!("the server is not ready after a minute:\n{}", log()))
    }

    fn kill(&mut self) {
        // It may have ended by itself; that is what killing is for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn stop(&mut self) -> ExitStatus {
        let asked = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(asked.is_ok_and(|status| status.success()), "the server was not there to be stopped");
        self.child.wait().expect("a child can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free now. It lies below those that the system gives to outgoing connections, so that none of these
/// sits on it while a server restarts.
fn free_port() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_mul(37).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + (number % 12_000) as u16;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() && UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}
