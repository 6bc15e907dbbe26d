#!/bin/sh
# Runs sbt (its release: project/build.properties; JVM options: SBT_OPTS). Maven fetches the
# launcher once; a mirror of Maven Central named in Maven's settings then serves sbt too.
set -eu
launcher=1.11.7
cache=${XDG_CACHE_HOME:-$HOME/.cache}/toree/sbt
jar=$cache/sbt-launch-$launcher.jar repos=$cache/repositories
maven() { (cd "$new" && mvn -B -q "$@" </dev/null >log 2>&1) || { cat "$new/log" >&2; return 1; }; }
if [ ! -s "$jar" ] || [ ! -e "$repos" ] || [ "$HOME/.m2/settings.xml" -nt "$repos" ]; then
  command -v mvn >/dev/null || { echo "sbt: Maven is needed to fetch the launcher" >&2; exit 1; }
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  maven org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -DoutputDirectory=. \
    -Dartifact=org.scala-sbt:sbt-launch:$launcher
  maven org.apache.maven.plugins:maven-help-plugin:3.4.0:effective-settings -Doutput=settings.xml
  # Left empty where no mirror stands for Central: sbt then resolves as it always does.
  awk -F'[<>]' '/<mirror>/ { of = url = "" } /<mirrorOf>/ { of = "," $3 "," } /<url>/ { url = $3 }
    /<\/mirror>/ && of ~ /,(\*|central|external:\*),/ {
      print "[repositories]\n  local\n  mirror: " url; exit }' "$new/settings.xml" >"$new/repositories"
  mv "$new/sbt-launch-$launcher.jar" "$jar"
  mv "$new/repositories" "$repos"
  rm -rf "$new"
fi
set -- -jar "$jar" "$@"
[ ! -s "$repos" ] || set -- -Dsbt.override.build.repos=true "-Dsbt.repository.config=$repos" "$@"
# shellcheck disable=SC2086
exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx1g -Dsbt.server.autostart=false \
  -Dsbt.supershell=false ${SBT_OPTS:-} "$@"
