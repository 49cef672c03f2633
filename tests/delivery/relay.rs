//! A relay in front of a real server: sees the bytes that the client sends, can hold them up, and
//! can cut the connections.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};

pub struct Relay {
    pub port: u16,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    server: u16,
    /// Of each connection, what the client sent.
    sent: Mutex<Vec<Vec<u8>>>,
    sockets: Mutex<Vec<TcpStream>>,
    /// Octets after which nothing more is taken from the client.
    most: usize,
    cut: Mutex<bool>,
    was_cut: Condvar,
    stopping: AtomicBool,
}

impl Relay {
    pub fn to(server: u16) -> Self {
        Self::stalling_after(usize::MAX, server)
    }

    /// After so many octets it takes nothing more, and keeps the connection open.
    pub fn stalling_after(most: usize, server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server,
            sent: Mutex::default(),
            sockets: Mutex::default(),
            most,
            cut: Mutex::default(),
            was_cut: Condvar::new(),
            stopping: AtomicBool::new(false),
        });
        let acceptor = thread::spawn({
            let shared = shared.clone();
            move || accept(&shared, &listener)
        });
        Self { port, shared, acceptor: Some(acceptor) }
    }

    /// Of each connection so far, what the client sent.
    pub fn sent(&self) -> Vec<Vec<u8>> {
        self.shared.sent.lock().unwrap().clone()
    }

    /// Closes all connections, on both sides. The next ones are not affected.
    pub fn cut(&self) {
        for socket in self.shared.sockets.lock().unwrap().drain(..) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        *self.shared.cut.lock().unwrap() = true;
        self.shared.was_cut.notify_all();
        self.cut();
        // Wakes the acceptor, which joins the others.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let _ = self.acceptor.take().unwrap().join();
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    thread::scope(|scope| {
        loop {
            let (client, _) = listener.accept().unwrap();
            if shared.stopping.load(Ordering::SeqCst) {
                return;
            }
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.server)).unwrap();
            let number = {
                let mut sent = shared.sent.lock().unwrap();
                sent.push(Vec::new());
                sent.len() - 1
            };
            let twins = [&client, &server].map(|socket| socket.try_clone().unwrap());
            shared.sockets.lock().unwrap().extend(twins);
            let [client_again, server_again] =
                [&client, &server].map(|socket| socket.try_clone().unwrap());
            scope.spawn(move || to_server(shared, number, client, server));
            scope.spawn(move || to_client(server_again, client_again));
        }
    });
}

fn to_server(shared: &Shared, number: usize, mut client: TcpStream, mut server: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    let mut taken = 0;
    while taken < shared.most {
        let Ok(count @ 1..) = client.read(&mut buffer) else { break };
        taken += count;
        shared.sent.lock().unwrap()[number].extend_from_slice(&buffer[..count]);
        if server.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    if taken >= shared.most {
        let cut = shared.cut.lock().unwrap();
        drop(shared.was_cut.wait_while(cut, |cut| !*cut));
    }
    let _ = server.shutdown(Shutdown::Write);
}

fn to_client(mut server: TcpStream, mut client: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = server.read(&mut buffer) {
        if client.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Write);
}
