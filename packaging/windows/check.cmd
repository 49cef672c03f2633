@echo off
rem Tries Postrider on this Windows: test programs of both widths, alone and with a mail server on
rem this computer (the sandbox). Sends nothing anywhere else, writes nothing outside this folder.
rem
rem   check.cmd            both widths
rem   check.cmd x64        one of them (or x86)
rem
rem The server takes the ports 42587 and 42580, unless MAIL_PORT and TOKEN_PORT name others.
setlocal EnableDelayedExpansion
cd /d "%~dp0"
set failed=
set widths=%1
if "%widths%"=="" set widths=x64 x86
if "%PROCESSOR_ARCHITECTURE%"=="x86" if "%PROCESSOR_ARCHITEW6432%"=="" set widths=x86
for %%w in (%widths%) do set command=%%w\postrider.exe
call :sandbox
for %%w in (%widths%) do call :width %%w
taskkill /f /im sandbox-of-check.exe >nul 2>nul
echo.
if defined failed (
    echo FAILED:%failed%
    if "%1"=="" pause
    exit /b 1
)
echo Everything works.
if "%1"=="" pause
exit /b 0

:width
for %%p in (smoke misuse getters account_misuse account callbacks threads unload steady newcomer) do call :run %1 %%p
exit /b

:run
pushd %1
%2.exe >%2.log 2>&1
if errorlevel 1 (
    set failed=!failed! %1\%2
    echo %1 %2: FAILED
    type %2.log
) else (
    echo %1 %2: ok
)
popd
exit /b

rem Under a name of its own, so that nothing else is ended with it; five minutes at the latest.
:sandbox
if not defined MAIL_PORT set MAIL_PORT=42587
if not defined TOKEN_PORT set TOKEN_PORT=42580
if exist mail rmdir /s /q mail
copy /y %command% sandbox-of-check.exe >nul
start "" /b sandbox-of-check.exe sandbox --quiet --for 300 --port %MAIL_PORT% --token-port %TOKEN_PORT% --folder mail
set tries=0
:wait
if exist mail\sandbox.json goto ready
set /a tries+=1
if %tries% gtr 30 (
    set failed=!failed! sandbox
    echo sandbox: FAILED ^(are the ports %MAIL_PORT% and %TOKEN_PORT% free?^)
    exit /b
)
ping -n 2 127.0.0.1 >nul
goto wait
:ready
for /f %%t in ('%command% token --url http://127.0.0.1:%TOKEN_PORT%/token') do set RIG_TOKEN=%%t
set RIG_HOST=localhost
set RIG_PORT=%MAIL_PORT%
set RIG_CA_FILE=..\mail\ca.pem
set RIG_USER=anna@example.org
set RIG_RECIPIENT=bob@example.org
set RIG_SUBJECT=check
exit /b
