{ Events: they re-enter, raise, cancel and free, also from another thread. }
program callbacks;

{$IFDEF FPC}{$MODE DELPHI}{$ENDIF}
{$IFDEF MSWINDOWS}{$APPTYPE CONSOLE}{$ENDIF}

uses
  {$IFDEF UNIX}cthreads,{$ENDIF} SysUtils, Classes, PostriderApi, Postrider, Check;

type
  { One handler of each kind; Lines and Calls count what came. }
  THost = class
  public
    Lines, Calls: Integer;
    Greeted, Second: Boolean;
    Other: TOther;
    Server: THalfServer;
    procedure Count(Sender: TObject; const Line: TPostriderString);
    procedure RaiseAtGreeting(Sender: TObject; const Line: TPostriderString);
    procedure ReEnter(Sender: TObject; const Line: TPostriderString);
    procedure SetSecond(Sender: TObject; const Line: TPostriderString);
    procedure RaiseAtOnce(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
    procedure RaiseSecond(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
    procedure CancelAtOnce(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
    procedure CancelAfterSecond(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
    procedure GiveSign(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
    procedure FreeMail;
    procedure FreeIt(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
    procedure SendAnother(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
  end;

var
  Host: THost;
  Mail: TPostriderMail;

{ The message of the EStop that Send raises. }
function StoppedBy(M: TPostriderMail): string;
begin
  Result := 'nothing';
  try
    M.Send;
  except
    on E: EStop do
      Result := E.Message;
  end;
end;

procedure LaterSendsAreNotAffected;
begin
  Mail.OnLog := nil;
  Mail.OnProgress := nil;
  Mail.SetTimeout(50);
  Verify(FailedWith(Mail) = MAIL_STATUS_TIMEOUT, 'the next send');
end;

procedure THost.Count(Sender: TObject; const Line: TPostriderString);
begin
  Verify(Sender = Mail, 'Sender');
  Inc(Lines);
end;

procedure THost.RaiseAtGreeting(Sender: TObject; const Line: TPostriderString);
begin
  if BeginsWith(Line, 'S: 220') then
  begin
    Greeted := True;
    raise EStop.Create('from the log');
  end;
end;

procedure THost.ReEnter(Sender: TObject; const Line: TPostriderString);
begin
  Mail.SetSubject('changed inside');
  Mail.OnLog := SetSecond; { replaces the event that is running now }
end;

procedure THost.SetSecond(Sender: TObject; const Line: TPostriderString);
begin
  Second := True;
end;

procedure THost.RaiseAtOnce(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
begin
  Inc(Calls);
  raise EStop.Create('from the progress');
end;

procedure THost.RaiseSecond(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
begin
  if Greeted then
    raise EStop.Create('second');
end;

procedure THost.CancelAtOnce(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
begin
  Cancel := True;
end;

procedure THost.CancelAfterSecond(Sender: TObject; BytesSent, BytesTotal: Int64;
  var Cancel: Boolean);
begin
  Cancel := Second;
end;

procedure THost.GiveSign(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
begin
  Other.Sign.SetEvent;
end;

procedure THost.FreeMail;
begin
  mail_free(Mail.Handle);
end;

procedure THost.FreeIt(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
begin
  FreeMail;
end;

procedure THost.SendAnother(Sender: TObject; BytesSent, BytesTotal: Int64; var Cancel: Boolean);
var
  Inner: TPostriderMail;
begin
  Inner := CompleteMail(Server.Port);
  Inner.OnProgress := RaiseAtOnce;
  Verify(StoppedBy(Inner) = 'from the progress', 'inner send');
  Inner.Free;
  raise EStop.Create('outer');
end;

procedure AnExceptionInTheLogCancelsTheSend;
begin
  Mail.OnLog := Host.RaiseAtGreeting;
  Verify(StoppedBy(Mail) = 'from the log', 'exception');
  Verify(Mail.LastResult.Outcome = MAIL_OUTCOME_NOT_SENT, 'outcome');
  LaterSendsAreNotAffected;
end;

procedure AnExceptionInTheProgressCancelsTheSend;
begin
  Mail.OnProgress := Host.RaiseAtOnce;
  Verify(StoppedBy(Mail) = 'from the progress', 'exception');
  Verify(Host.Calls = 1, 'called while an exception waits');
  LaterSendsAreNotAffected;
end;

procedure OfTwoExceptionsTheFirstComesOut;
begin
  Mail.OnLog := Host.RaiseAtGreeting;
  Mail.OnProgress := Host.RaiseSecond;
  Verify(StoppedBy(Mail) = 'from the log', 'exception');
end;

procedure TheProgressMayCancel;
begin
  Mail.OnLog := Host.Count;
  Mail.OnProgress := Host.CancelAtOnce;
  Verify(FailedWith(Mail) = MAIL_STATUS_CANCELLED, 'status');
  LaterSendsAreNotAffected;
end;

procedure AnEventMayUseItsMail;
begin
  Mail.OnLog := Host.ReEnter;
  Mail.OnProgress := Host.CancelAfterSecond;
  Verify(FailedWith(Mail) = MAIL_STATUS_CANCELLED, 'status');
  Verify(Host.Second, 'the new event was not called');
end;

procedure AnEventMaySendAnotherMail;
begin
  Mail.OnProgress := Host.SendAnother;
  Verify(StoppedBy(Mail) = 'outer', 'exception');
end;

procedure AnotherThreadMayCancel;
begin
  Host.Other := TOther.Create(Mail.Cancel);
  Mail.OnProgress := Host.GiveSign;
  Verify(FailedWith(Mail) = MAIL_STATUS_CANCELLED, 'status');
  Host.Other.Free;
  LaterSendsAreNotAffected;
end;

procedure AnotherThreadMayFree;
begin
  Host.Other := TOther.Create(Host.FreeMail);
  Mail.OnProgress := Host.GiveSign;
  Verify(FailedWith(Mail) = MAIL_STATUS_CANCELLED, 'status');
  Host.Other.Free;
  Verify(FailedWith(Mail) = MAIL_STATUS_INVALID_HANDLE, 'the next send');
end;

procedure AnEventMayFree;
begin
  Mail.OnProgress := Host.FreeIt;
  Verify(FailedWith(Mail) = MAIL_STATUS_CANCELLED, 'status');
end;

procedure TheSecondErrorReplacesTheFirst;
var
  Closed: TClosedPort;
begin
  Closed := TClosedPort.Create;
  Mail.SetServer('127.0.0.1', Closed.Port);
  try
    Mail.SetSubject('a'#10'b');
    Verify(False, 'a line end in the subject');
  except
    on E: EPostrider do
      Verify(E.Status = MAIL_STATUS_INVALID_ARGUMENT, 'subject');
  end;
  Verify(FailedWith(Mail) = MAIL_STATUS_CONNECT, 'first send');
  Verify(FailedWith(Mail) = MAIL_STATUS_CONNECT, 'second send');
  Closed.Free;
end;

{ Runs one test with a server, a mail and handlers of its own. }
procedure RunFresh(const Name: string; Test: TTest);
begin
  Host := THost.Create;
  Host.Server := THalfServer.Create;
  Mail := CompleteMail(Host.Server.Port);
  Run(Name, Test);
  Mail.Free;
  Host.Server.Free;
  Host.Free;
end;

begin
  RunFresh('AnExceptionInTheLogCancelsTheSend', AnExceptionInTheLogCancelsTheSend);
  RunFresh('AnExceptionInTheProgressCancelsTheSend', AnExceptionInTheProgressCancelsTheSend);
  RunFresh('OfTwoExceptionsTheFirstComesOut', OfTwoExceptionsTheFirstComesOut);
  RunFresh('TheProgressMayCancel', TheProgressMayCancel);
  RunFresh('AnEventMayUseItsMail', AnEventMayUseItsMail);
  RunFresh('AnEventMaySendAnotherMail', AnEventMaySendAnotherMail);
  RunFresh('AnotherThreadMayCancel', AnotherThreadMayCancel);
  RunFresh('AnotherThreadMayFree', AnotherThreadMayFree);
  RunFresh('AnEventMayFree', AnEventMayFree);
  RunFresh('TheSecondErrorReplacesTheFirst', TheSecondErrorReplacesTheFirst);
end.
