# What the registry of this workstation says about mail programs, for: mailkit site workstation REPORT
#
# How to run it: as the Windows user whose mail does not go out, on the workstation (or terminal server) where it does not.
#   1. Save these lines as mailkit-workstation.ps1
#   2. powershell.exe -NoProfile -ExecutionPolicy Bypass -File mailkit-workstation.ps1
#   3. Send the file mailkit-workstation.json, which is on the desktop then. (With -Print behind it: to the screen instead.)
#
# It only reads, only the registry, and only the keys listed below. It changes nothing, needs no administrator, uses no network.
# The report holds the names and addresses of the mail accounts set up in Outlook. No password, no mail, no contact.

Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

# Hive | all: one copy for every program, each: another copy for 32-bit programs | key | values (@ is the default value)
$rows = @'
{rows}
'@

$found = New-Object System.Collections.ArrayList
$asked = New-Object System.Collections.ArrayList
$denied = New-Object System.Collections.ArrayList
$wide = [Environment]::Is64BitOperatingSystem

function ConvertTo-Quoted([string]$text) {
    $quoted = New-Object System.Text.StringBuilder
    foreach ($char in $text.ToCharArray()) {
        $number = [int]$char
        if (($number -lt 32) -or ($number -gt 126) -or ($number -eq 34) -or ($number -eq 92)) {
            [void]$quoted.Append('\u' + $number.ToString('x4'))
        } else {
            [void]$quoted.Append($char)
        }
    }
    return '"' + $quoted.ToString() + '"'
}

function ConvertTo-Value($key, [string]$name) {
    $kind = $key.GetValueKind($name).ToString()
    $data = $key.GetValue($name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
    if ($kind -eq 'DWord') {
        $json = [BitConverter]::ToUInt32([BitConverter]::GetBytes([int]$data), 0).ToString()
    } elseif ($kind -eq 'MultiString') {
        $texts = @(foreach ($one in $data) { ConvertTo-Quoted $one })
        $json = '[' + ($texts -join ',') + ']'
    } elseif ($data -is [byte[]]) {
        $kind = 'Binary'
        $json = ConvertTo-Quoted ([BitConverter]::ToString($data).Replace('-', ''))
    } else {
        $json = ConvertTo-Quoted ([string]$data)
    }
    return '{"name":' + (ConvertTo-Quoted $name) + ',"kind":"' + $kind + '","data":' + $json + '}'
}

function Add-Key($key, [string]$path, [string[]]$names) {
    $values = New-Object System.Collections.ArrayList
    foreach ($name in $key.GetValueNames()) {
        if ($names -contains $name) { [void]$values.Add((ConvertTo-Value $key $name)) }
    }
    [void]$found.Add('{"key":' + (ConvertTo-Quoted $path) + ',"values":[' + ($values -join ',') + ']}')
}

function Search-Key($key, [string]$path, [string]$rest, [string[]]$names) {
    if ($rest -eq '') { Add-Key $key $path $names; return }
    $step, $further = $rest.Split([char[]]@([char]92), 2)
    if ($further -eq $null) { $further = '' }
    if ($step.Contains('*')) {
        $steps = @($key.GetSubKeyNames() | Where-Object { $_ -like $step })
    } else {
        $steps = @($step)
    }
    foreach ($name in $steps) {
        $below = $key.OpenSubKey($name)
        if ($below -ne $null) {
            Search-Key $below ($path + '\' + $name) $further $names
            $below.Close()
        }
    }
}

function Read-Row([string]$hive, [bool]$narrow, [string]$path, [string[]]$names) {
    $view = [Microsoft.Win32.RegistryView]::Default
    if ($wide) { $view = [Microsoft.Win32.RegistryView]::Registry64 }
    $shown = $hive
    if ($narrow) {
        $view = [Microsoft.Win32.RegistryView]::Registry32
        $shown = $hive + '\SOFTWARE\WOW6432Node'
        $path = $path.Substring('SOFTWARE\'.Length)
    }
    $base = ($path -replace '\\[^\\]*\*.*$', '')
    if ($path.Contains('<mailto>')) {
        if ($mailto -eq '') { return }
        $base = ($path -replace '\\<mailto>.*$', '')
        $path = $path.Replace('<mailto>', $mailto)
    }
    [void]$asked.Add((ConvertTo-Quoted ($shown + '\' + $base)))
    try {
        $root = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hives[$hive], $view)
        if ($narrow) {
            $start = $root.OpenSubKey('SOFTWARE')
        } else {
            $start = $root
        }
        if ($start -ne $null) { Search-Key $start $shown $path $names }
        $root.Close()
    } catch {
        [void]$denied.Add((ConvertTo-Quoted ($shown + '\' + $base)))
    }
}

$hives = @{
    'HKLM' = [Microsoft.Win32.RegistryHive]::LocalMachine
    'HKCU' = [Microsoft.Win32.RegistryHive]::CurrentUser
}

$mailto = ''
try {
    $links = 'HKEY_CURRENT_USER\SOFTWARE\Microsoft\Windows\Shell\Associations\UrlAssociations\mailto\UserChoice'
    $chosen = [Microsoft.Win32.Registry]::GetValue($links, 'ProgId', '')
    if (($chosen -is [string]) -and ($chosen -notmatch '[\\*?\[]')) { $mailto = $chosen }
} catch {
    $mailto = ''
}

foreach ($row in ($rows -split "`r?`n")) {
    $parts = $row.Split([char[]]@([char]124))
    if ($parts.Count -ne 4) { continue }
    $names = @($parts[3].Split([char[]]@([char]59)) | ForEach-Object { if ($_ -eq '@') { '' } else { $_ } })
    if ($parts[3] -eq '') { $names = @() }
    Read-Row $parts[0] $false $parts[2] $names
    if ($wide -and ($parts[1] -eq 'each')) { Read-Row $parts[0] $true $parts[2] $names }
}

$made = [DateTime]::UtcNow.ToString('s', [Globalization.CultureInfo]::InvariantCulture) + 'Z'
$report = '{"schema":"mailkit.workstation-report/1","made":"' + $made + '"' + ",`r`n" +
    '"asked":[' + ($asked -join ',') + ']' + ",`r`n" +
    '"denied":[' + ($denied -join ',') + ']' + ",`r`n" +
    '"keys":[' + "`r`n" + ($found -join ",`r`n") + "`r`n" + ']}'

if (@($args) -contains '-Print') {
    Write-Output $report
} else {
    $file = Join-Path ([Environment]::GetFolderPath('Desktop')) 'mailkit-workstation.json'
    [IO.File]::WriteAllText($file, $report + "`r`n", (New-Object System.Text.UTF8Encoding($false)))
    Write-Host ('Written: ' + $file)
}
